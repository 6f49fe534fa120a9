"""The entries of the ledger in the shapes that the Dutch logging standards want; stdlib only.

Nothing here decrypts or decides: each shape is built member by member from the public leaf and from
the random ids of the data keys, which stand for the persons. Entries of disclosures and refusals
give lines, because they process a person for an outside question. The upkeep of the log itself
(genesis, policy, keys, erasure, retention, access) gives none: it has no trace and no purpose of
the register, and an auditor reads it in the log.
"""
