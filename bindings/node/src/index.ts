/**
 * Signed links, instant revocation and envelope encryption for passwordless client portals.
 *
 * What a call throws, or its promise is rejected with, stands behind `Errors`: each class, and in brackets codes of it that are to be expected.
 * Beside these a value of a wrong type is a `TypeError` everywhere, and what heeds a signal is rejected with the reason of the signal.
 *
 * @packageDocumentation
 */

export { Access } from './access'
export type { Texts, Time } from './arguments'
export { BlindIndex, indexBits, type IndexOptions, type IndexSize } from './blind-index'
export type { Erasure } from './erasure'
export { InputError, InvalidValue, PortwardError, type PublicAnswer, Refused, Unavailable, Unreadable } from './errors'
export type { RangeSource } from './far'
export { Range } from './file'
export { Follower, type FollowerOptions, type ListFollowerOptions } from './follower'
export type { KekProvider, KekSlot } from './kek'
export { Deployment, Keyring, type KeyringCreateOptions, type KeyringOpenOptions, type Lifetimes, type Root } from './keyring'
export { KeyStore, type KeyStoreOptions } from './keys'
export type { Edit, Event, IssuedLink, Link, LinkState, ListOptions, NewLinkOptions, Page } from './links'
export { type Answer, Exchange, type PageTexts, Portal, type PortalOptions, type PortalRequest, type SessionToken } from './portal'
export { type FileOptions, type Of, Scope, type SealOptions, type StreamOptions } from './scope'
export { type Compacted, type Peeked, type Recovered, type RecoverOptions, Store, type StoreOptions } from './store'
export { Issuer, type IssueOptions, type Token, Verifier, type VerifierOptions, type VerifyOptions } from './token'
export { type Narrowing, UntrustedLink } from './untrusted'
