"""May this request have these fields: the question, the engines, the answer."""
