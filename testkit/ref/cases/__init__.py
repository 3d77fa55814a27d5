"""The cases of the vector files, one module a subject. Each states what its author means to happen."""

from . import backup, envelope, http, keys, links, redeem, revocation, store, store_feed, token, vault, wrapped

SUBJECTS = [keys.build, token.build, revocation.build, envelope.build, store.build, wrapped.build, links.build, store_feed.build, redeem.build,
            http.build, backup.build, vault.build]
