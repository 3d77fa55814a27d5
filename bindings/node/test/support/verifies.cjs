// As much as runs without a store: a link is made and verified, and what Windows refuses is refused there.

const assert = require('node:assert/strict')
const { Issuer, Keyring, KeyStore, Verifier } = require('portward')

const keyring = Keyring.generate()
const verifier = Verifier.withoutRevocation(keyring)
assert.equal(verifier.verifyLink(new Issuer(keyring).issueLink('studio-7', '42', ['files:read']).token).client, '42')
assert.throws(() => verifier.verifyLink('pwl_'), { public: 'damaged' })
if (process.platform === 'win32') {
  assert.rejects(Keyring.create('keys'), { code: 'directory_unsupported' })
  assert.rejects(KeyStore.open('sqlite:keys.db', keyring, { feed: null, create: true }), { code: 'store_permissions' })
}
console.log('verified')
