import portward = require('portward')

const keyring = portward.Keyring.generate()
const token: string = new portward.Issuer(keyring).issueLink('t', 'c', ['files:read']).token
try {
  portward.Verifier.withoutRevocation(keyring).verifyLink(token)
} catch (error) {
  if (error instanceof portward.Refused) console.log(error.code, error.public)
}
