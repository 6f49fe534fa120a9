"""What a person hears of what was asked: told afterwards by a message, and on asking."""
