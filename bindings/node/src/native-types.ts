// Made by `scripts/native-types.mjs` from `native/*.rs`, which is what `npm run build` does first. Nothing but `src` calls these functions. What is not
// there of a row that comes is `null`, and not left away: `Object.prototype` might have it.

/** Something that the native part made, and that only it can look into. */
export interface Handle<Name extends string> {
  readonly __handle: Name
}

/** From where to where. */
export interface FileRow {
  readonly source: string
  readonly target: string
  readonly replace: boolean
  readonly threads: number
}

/** One of its KEKs; `context` has a name and a text in each list. */
export interface KekSlotRow {
  readonly kind: string
  readonly id: Buffer
  readonly version: number
  readonly wrapped: Buffer
  readonly binding: Buffer
  readonly context: readonly (readonly string[])[]
}

/** What may be known about a root. */
export interface RootRow {
  readonly id: string
  readonly state: string
  readonly createdAt: number
}

/** What a destruction has done. */
export interface ErasureRow {
  readonly keys: readonly string[]
  readonly completeAt: number
}

/** Everything that says which index it is. */
export interface IndexOptionsRow {
  readonly table: string
  readonly column: string
  readonly name: string
  readonly normaliser: string
  readonly bits: number
  readonly version: number
}

/** A link to be made. */
export interface NewLinkRow {
  readonly tenant: string
  readonly client: string
  readonly permissions: readonly string[]
  readonly audience?: string | undefined
  readonly lifetime?: number | undefined
  readonly label?: string | undefined
  readonly usesMax?: number | undefined
  readonly expiresAt?: number | undefined
}

/** A link as its tenant sees it; with its token, if it was just made. */
export interface LinkRow {
  readonly token: string | null
  readonly id: string
  readonly tenant: string
  readonly client: string
  readonly label: string | null
  readonly state: string
  readonly expiresAt: number
  readonly ceiling: number
  readonly permissions: readonly string[]
  readonly permissionsCeiling: readonly string[]
  readonly resources: readonly string[] | null
  readonly usesMax: number | null
  readonly uses: number
  readonly revision: number
  readonly createdAt: number
  readonly changedAt: number
  readonly lastUsedAt: number | null
}

/** Which links to list. */
export interface FilterRow {
  readonly client?: string | undefined
  readonly state?: string | undefined
  readonly expiresBefore?: number | undefined
  readonly labelContains?: string | undefined
  readonly after?: string | undefined
  readonly limit: number
}

/** Some links, and what the next ones begin behind. */
export interface PageRow {
  readonly links: readonly LinkRow[]
  readonly next: string | null
}

/** What is to be changed. The flags say of what may be absent whether it is meant. */
export interface EditRow {
  readonly hasLabel: boolean
  readonly label?: string | undefined
  readonly expiresAt?: number | undefined
  readonly permissions?: readonly string[] | undefined
  readonly hasResources: boolean
  readonly resources?: readonly string[] | undefined
  readonly hasUsesMax: boolean
  readonly usesMax?: number | undefined
}

/** One line of a link's history. */
export interface EventRow {
  readonly number: number
  readonly at: number
  readonly kind: string
  readonly detail: string | null
}

/** An answer; `headers`: name, value, name, value … */
export interface AnswerRow {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
  readonly reason: string | null
  readonly tokenId: string | null
}

/** What is looked at; `headers` as in an answer, with a character for each byte. */
export interface RequestRow {
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
}

/** An answer, a question to a store, or neither. */
export interface StepRow {
  readonly answer: AnswerRow | null
  readonly exchange: Handle<'Exchange'> | null
}

/** The session and whether it came in a cookie, or the refusal. */
export interface SessionRow {
  readonly answer: AnswerRow | null
  readonly session: string | null
  readonly inCookie: boolean
}

/** What is asked. */
export interface QuestionRow {
  readonly question: string
  readonly token: string
  readonly cookie: string | null
  readonly nonce: string | null
}

/** What exactly is sealed; `more`: key, value, key, value … */
export interface OfRow {
  readonly name: string
  readonly id: string
  readonly more: readonly string[]
}

/** How a store is opened; times in milliseconds, the skew in seconds. */
export interface StoreOptionsRow {
  readonly create: boolean
  readonly audience?: string | undefined
  readonly skew?: number | undefined
  readonly maxStaleness?: number | undefined
  readonly follow?: number | undefined
  readonly events?: string | undefined
}

/** What a recovery found and did. */
export interface RecoveredRow {
  readonly found: string
  readonly begins: string
  readonly merged: boolean
}

/** What looking at a link gives. */
export interface PeekedRow {
  readonly nonce: string
  readonly expiresAt: number
  readonly cookie: string
}

/** A token just made. */
export interface TokenRow {
  readonly text: string
  readonly id: string
  readonly expiresAt: number
}

/** What a link says, before anybody believes it. */
export interface UntrustedRow {
  readonly tenant: string
  readonly client: string
  readonly issuedAt: number
  readonly expiresAt: number
  readonly resources: readonly string[] | null
  readonly audience: string | null
  readonly recipients: readonly string[]
  readonly isSealed: boolean
}

/** What is taken away. */
export interface NarrowingRow {
  readonly expiresAt?: number | undefined
  readonly permissions?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  readonly audience?: string | undefined
  readonly recipient?: string | undefined
  readonly seal: boolean
}

export interface Native {
  /** Of so many bytes. */
  farNew(length: number): Handle<'Far'>
  /** What the last call lacked: from where, and how many bytes; nothing, if it failed with something else. */
  farWanted(far: Handle<'Far'>): number[]
  /** These lie there. None: it ends there, whatever its length was. */
  farBring(far: Handle<'Far'>, from: number, bytes: Uint8Array): void
  /** Leaves what was brought for a call that is over. */
  farForget(far: Handle<'Far'>): void
  jobNew(): Handle<'Job'>
  /** How many bytes of the source were read. */
  jobBytes(job: Handle<'Job'>): number
  jobEnd(job: Handle<'Job'>): void
  scopeSealFile(scope: Handle<'Scope'>, of: OfRow, row: FileRow, job: Handle<'Job'>, embedded: boolean): Promise<number>
  scopeOpenFile(scope: Handle<'Scope'>, of: OfRow, row: FileRow, job: Handle<'Job'>): Promise<number>
  /** `maxStaleness` in milliseconds. */
  followerNew(keyring: Handle<'Keyring'>, tenants: readonly string[] | null | undefined, highest: string | null | undefined, maxStaleness: number, audience: string | null | undefined, skew: number | null | undefined): Handle<'Follower'>
  followerOfLists(keyring: Handle<'Keyring'>, tenants: readonly string[] | null | undefined, highest: string | null | undefined, audience: string | null | undefined, skew: number | null | undefined): Handle<'Follower'>
  /** A promise, for it waits while an answer is taken in. */
  followerRequest(follower: Handle<'Follower'>): Promise<Buffer>
  followerAccept(follower: Handle<'Follower'>, answer: Handle<'Given'>, at: number | null | undefined): Promise<string>
  followerHighest(follower: Handle<'Follower'>): string | null
  followerVerifier(follower: Handle<'Follower'>): Handle<'Verifier'>
  /** Of so many bytes, of which these are the first. */
  givenNew(length: number, first: Uint8Array): Handle<'Given'>
  givenMore(given: Handle<'Given'>, piece: Uint8Array): void
  /** The keyring of a directory, if it lies under a KEK. */
  wrappedRead(directory: string): Promise<[Handle<'WrappedKeyring'>]>
  wrappedSlots(wrapped: Handle<'WrappedKeyring'>): KekSlotRow[]
  wrappedOpen(wrapped: Handle<'WrappedKeyring'>, slot: number, key: Uint8Array): Promise<[Handle<'Keyring'>]>
  deploymentGenerate(permissions: readonly string[] | null | undefined): Handle<'Deployment'>
  deploymentFromJson(json: Uint8Array): Handle<'Deployment'>
  deploymentToJson(deployment: Handle<'Deployment'>): Buffer
  deploymentId(deployment: Handle<'Deployment'>): string
  deploymentPermissions(deployment: Handle<'Deployment'>): string[]
  /** Default and ceiling of links, then of sessions. */
  deploymentLifetimes(deployment: Handle<'Deployment'>): number[]
  deploymentExpand(deployment: Handle<'Deployment'>, permissions: readonly string[]): string[]
  keyringGenerate(deployment: Handle<'Deployment'>): Handle<'Keyring'>
  keyringCreate(directory: string, permissions: readonly string[] | null | undefined, passphrase: Uint8Array | null | undefined, events: string | null | undefined): Promise<[Handle<'Keyring'>]>
  keyringOpen(directory: string, passphrase: Uint8Array | null | undefined): Promise<[Handle<'Keyring'>]>
  /** For whoever has a KEK: one in the clear is not taken. */
  keyringOpenLocked(directory: string, passphrase: Uint8Array | null | undefined): Promise<[Handle<'Keyring'>]>
  keyringFromJson(json: Uint8Array, deployment: Handle<'Deployment'>): Handle<'Keyring'>
  keyringUnseal(sealed: Uint8Array, passphrase: Uint8Array, deployment: Handle<'Deployment'>): Promise<[Handle<'Keyring'>]>
  keyringSeal(keyring: Handle<'Keyring'>, passphrase: Uint8Array): Promise<Buffer>
  keyringExportInClear(keyring: Handle<'Keyring'>): Buffer
  keyringDeployment(keyring: Handle<'Keyring'>): Handle<'Deployment'>
  keyringRoots(keyring: Handle<'Keyring'>): RootRow[]
  keyStoreOpen(location: string, keyring: Handle<'Keyring'>, feed: Handle<'Store'> | null | undefined, create: boolean, events: string | null | undefined): Promise<[Handle<'KeyStore'>]>
  keyStoreActingAs(keys: Handle<'KeyStore'>, actor: string): Handle<'KeyStore'>
  keyStoreClose(keys: Handle<'KeyStore'>): Promise<void>
  keyStoreNewTenant(keys: Handle<'KeyStore'>, tenant: string): Promise<void>
  keyStoreRotateTenant(keys: Handle<'KeyStore'>, tenant: string): Promise<number>
  keyStoreRewrap(keys: Handle<'KeyStore'>): Promise<void>
  keyStoreDestroyTenant(keys: Handle<'KeyStore'>, tenant: string, backupsKept: number): Promise<ErasureRow>
  keyStoreScope(keys: Handle<'KeyStore'>, tenant: string, scope: string): Handle<'Scope'>
  scopeRotate(scope: Handle<'Scope'>): Promise<void>
  scopeBegin(scope: Handle<'Scope'>): Promise<void>
  scopeKeyOf(scope: Handle<'Scope'>, object: Uint8Array): string
  scopeDestroyKey(scope: Handle<'Scope'>, key: string, backupsKept: number): Promise<ErasureRow>
  scopeDestroy(scope: Handle<'Scope'>, backupsKept: number): Promise<ErasureRow>
  scopeBlindIndex(scope: Handle<'Scope'>, row: IndexOptionsRow): Promise<[Handle<'BlindIndex'>]>
  blindIndexOf(index: Handle<'BlindIndex'>, value: string): Buffer
  indexBits(rows: number, distinct: number, otherBits: number, evenIfFew: boolean): number
  storeIssue(store: Handle<'Store'>, row: NewLinkRow): Promise<LinkRow>
  storeShow(store: Handle<'Store'>, tenant: string, link: string): Promise<TokenRow>
  storeLink(store: Handle<'Store'>, tenant: string, link: string): Promise<LinkRow>
  storeList(store: Handle<'Store'>, tenant: string, row: FilterRow): Promise<PageRow>
  storeEdit(store: Handle<'Store'>, tenant: string, link: string, row: EditRow): Promise<LinkRow>
  storePause(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  storeRestore(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  storeHistory(store: Handle<'Store'>, tenant: string, link: string, before: number | null | undefined, limit: number): Promise<EventRow[]>
  portalNew(origin: string, path: string | null | undefined, page: readonly string[]): Handle<'Portal'>
  portalPath(portal: Handle<'Portal'>): string
  portalLinkUrl(portal: Handle<'Portal'>, token: string, fragment: boolean): string
  portalRead(portal: Handle<'Portal'>, request: RequestRow, body: Uint8Array): StepRow
  portalSession(portal: Handle<'Portal'>, request: RequestRow): SessionRow
  portalRefuse(portal: Handle<'Portal'>, request: RequestRow, answer: string): AnswerRow
  exchangeQuestion(exchange: Handle<'Exchange'>): QuestionRow
  exchangePeeked(exchange: Handle<'Exchange'>, nonce: string, cookie: string, expiresAt: number): AnswerRow
  exchangeGranted(exchange: Handle<'Exchange'>, text: string, expiresAt: number, at: number | null | undefined): AnswerRow
  exchangeRefused(exchange: Handle<'Exchange'>, answer: string): AnswerRow
  exchangeRun(exchange: Handle<'Exchange'>, store: Handle<'Store'>): Promise<AnswerRow>
  scopeSeal(scope: Handle<'Scope'>, of: OfRow, plaintext: Handle<'Given'>, embedded: boolean): Promise<Buffer>
  scopeOpen(scope: Handle<'Scope'>, of: OfRow, object: Handle<'Given'>): Promise<Buffer>
  /** Waits here for the key store, if the keys are not known yet. */
  scopeSealSync(scope: Handle<'Scope'>, of: OfRow, bytes: Uint8Array, embedded: boolean): Buffer
  /** As [`scope_seal_sync`]. */
  scopeOpenSync(scope: Handle<'Scope'>, of: OfRow, object: Uint8Array): Buffer
  sealerNew(scope: Handle<'Scope'>, of: OfRow, embedded: boolean): Promise<[Handle<'Sealer'>]>
  sealerUpdate(sealer: Handle<'Sealer'>, bytes: Uint8Array): Promise<Buffer>
  sealerFinish(sealer: Handle<'Sealer'>): Promise<Buffer>
  openerNew(scope: Handle<'Scope'>, of: OfRow): Promise<[Handle<'Opener'>]>
  openerUpdate(opener: Handle<'Opener'>, bytes: Uint8Array): Promise<Buffer>
  openerFinish(opener: Handle<'Opener'>): Promise<Buffer>
  scopeOpenRange(scope: Handle<'Scope'>, of: OfRow, source: string): Promise<[Handle<'Range'>]>
  scopeOpenRangeOfBytes(scope: Handle<'Scope'>, of: OfRow, object: Handle<'Given'>): Promise<[Handle<'Range'>]>
  scopeOpenRangeOfFar(scope: Handle<'Scope'>, of: OfRow, far: Handle<'Far'>): Promise<[Handle<'Range'>]>
  rangeLength(range: Handle<'Range'>): number
  rangeRead(range: Handle<'Range'>, from: number, length: number): Promise<Buffer>
  /** Closes the file, once what is read of it has been read. */
  rangeClose(range: Handle<'Range'>): Promise<void>
  storeOpen(location: string, keyring: Handle<'Keyring'>, row: StoreOptionsRow): Promise<[Handle<'Store'>]>
  storeRecover(location: string, keyring: Handle<'Keyring'>, newer: Handle<'Given'> | null | undefined, events: string | null | undefined): Promise<RecoveredRow>
  storeActingAs(store: Handle<'Store'>, actor: string): Handle<'Store'>
  storeClose(store: Handle<'Store'>): Promise<void>
  storeIsOpen(store: Handle<'Store'>): boolean
  storeIsFresh(store: Handle<'Store'>): boolean
  storeStamp(store: Handle<'Store'>): string | null
  storeIsAtLeast(store: Handle<'Store'>, stamp: string): boolean
  storeRefresh(store: Handle<'Store'>): Promise<void>
  storePeek(store: Handle<'Store'>, link: string, cookie: string | null | undefined): PeekedRow
  storeRedeem(store: Handle<'Store'>, link: string, cookie: string, nonce: string): Promise<TokenRow>
  storeRenew(store: Handle<'Store'>, session: string): Promise<TokenRow>
  storeRevokeLink(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  storeRevokeCopy(store: Handle<'Store'>, tenant: string, link: string, copy: string): Promise<string>
  storeRevokeSession(store: Handle<'Store'>, tenant: string, link: string, session: string): Promise<string>
  storeRevokeClient(store: Handle<'Store'>, tenant: string, client: string): Promise<string>
  storeRevokeTenant(store: Handle<'Store'>, tenant: string): Promise<string>
  storeRevokeEverything(store: Handle<'Store'>): Promise<string>
  storeAnswer(store: Handle<'Store'>, request: Uint8Array): Promise<Buffer>
  storePublish(store: Handle<'Store'>, tenants: readonly string[] | null | undefined, thisUpdate: number, nextUpdate: number): Promise<Buffer>
  storeSaveView(store: Handle<'Store'>): Promise<Buffer>
  /** How many changes, redemptions and links are gone. */
  storeCompact(store: Handle<'Store'>, kept: number): Promise<number[]>
  verifierWithoutRevocation(keyring: Handle<'Keyring'>, audience: string | null | undefined, skew: number | null | undefined): Handle<'Verifier'>
  /** Takes a number for it, which is good as long as this handle lives. */
  verifierSlot(verifier: Handle<'Verifier'>): Handle<'Slot'>
  /** The same for a store. */
  storeSlot(store: Handle<'Store'>): Handle<'Slot'>
  slotNumber(slot: Handle<'Slot'>): number
  /** Verifies a link now, by the number of who verifies. */
  verifyLink(slot: number, token: string): string
  /** The same of a session. */
  verifySession(slot: number, token: string): string
  verifierVerifyLinkAt(verifier: Handle<'Verifier'>, token: string, at: number): string
  verifierVerifySessionAt(verifier: Handle<'Verifier'>, token: string, at: number): string
  /** Whether an access that came packed grants this. `permissions`: the bitmap, in hexadecimal digits. */
  accessRequire(deployment: Handle<'Deployment'>, permissions: string, resources: readonly string[] | null | undefined, permission: string, resource: string | null | undefined): void
  issuerNew(keyring: Handle<'Keyring'>): Handle<'Issuer'>
  issuerIssueLink(issuer: Handle<'Issuer'>, tenant: string, client: string, permissions: readonly string[], audience: string | null | undefined, lifetime: number | null | undefined): TokenRow
  /** `token`: a link that this verifier believed before; it is verified again, now or as of the time that it was verified for. */
  issuerIssueSession(issuer: Handle<'Issuer'>, verifier: Handle<'Verifier'>, token: string, at: number | null | undefined, lifetime: number | null | undefined): TokenRow
  /** The same of a link that a store believed. */
  issuerIssueSessionByStore(issuer: Handle<'Issuer'>, store: Handle<'Store'>, token: string, lifetime: number | null | undefined): TokenRow
  untrustedParse(token: string): Handle<'UntrustedLink'>
  untrustedRow(link: Handle<'UntrustedLink'>): UntrustedRow
  untrustedPermissions(link: Handle<'UntrustedLink'>, vocabulary: readonly string[]): string[]
  untrustedNarrow(link: Handle<'UntrustedLink'>, narrowing: NarrowingRow, vocabulary: readonly string[]): string
  /** The process ends: what has not begun is left, and files that are under way. */
  leave(): void
}
