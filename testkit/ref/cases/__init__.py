"""The cases of the vector files, one module a subject. Each states what its author means to happen."""

from . import keys, revocation, token

SUBJECTS = [keys.build, token.build, revocation.build]
