"""The cases of the vector files, one module a subject. Each states what its author means to happen."""

from . import envelope, keys, revocation, store, token, wrapped

SUBJECTS = [keys.build, token.build, revocation.build, envelope.build, store.build, wrapped.build]
