// What the native part offers: the functions of `native/*.rs`, by their names there. Nothing else in here calls it but `src`. What is not there of a
// row that comes is `null`, and not left away: `Object.prototype` might have it.

/** Something that the native part made, and that only it can look into. */
export interface Handle<Name extends string> {
  readonly __handle: Name
}

export interface RootRow {
  id: string
  state: string
  createdAt: number
}

export interface KekSlotRow {
  kind: string
  id: Buffer
  version: number
  wrapped: Buffer
  binding: Buffer
  context: string[][]
}

export interface TokenRow {
  text: string
  id: string
  expiresAt: number
}

export interface UntrustedRow {
  tenant: string
  client: string
  issuedAt: number
  expiresAt: number
  resources: string[] | null
  audience: string | null
  recipients: string[]
  isSealed: boolean
}

export interface NarrowingRow {
  expiresAt?: number | undefined
  permissions?: readonly string[] | undefined
  resources?: readonly string[] | undefined
  audience?: string | undefined
  recipient?: string | undefined
  seal: boolean
}

export interface StoreOptionsRow {
  create: boolean
  audience?: string | undefined
  skew?: number | undefined
  maxStaleness?: number | undefined
  follow?: number | undefined
  events?: string | undefined
}

export interface RecoveredRow {
  found: string
  begins: string
  merged: boolean
}

export interface PeekedRow {
  nonce: string
  expiresAt: number
  cookie: string
}

export interface NewLinkRow {
  tenant: string
  client: string
  permissions: readonly string[]
  audience?: string | undefined
  lifetime?: number | undefined
  label?: string | undefined
  usesMax?: number | undefined
  expiresAt?: number | undefined
}

export interface LinkRow {
  token: string | null
  id: string
  tenant: string
  client: string
  label: string | null
  state: string
  expiresAt: number
  ceiling: number
  permissions: string[]
  permissionsCeiling: string[]
  resources: string[] | null
  usesMax: number | null
  uses: number
  revision: number
  createdAt: number
  changedAt: number
  lastUsedAt: number | null
}

export interface FilterRow {
  client?: string | undefined
  state?: string | undefined
  expiresBefore?: number | undefined
  labelContains?: string | undefined
  after?: string | undefined
  limit: number
}

export interface PageRow {
  links: LinkRow[]
  next: string | null
}

export interface EditRow {
  hasLabel: boolean
  label?: string | undefined
  expiresAt?: number | undefined
  permissions?: readonly string[] | undefined
  hasResources: boolean
  resources?: readonly string[] | undefined
  hasUsesMax: boolean
  usesMax?: number | undefined
}

export interface EventRow {
  number: number
  at: number
  kind: string
  detail: string | null
}

export interface ErasureRow {
  keys: string[]
  completeAt: number
}

export interface IndexOptionsRow {
  table: string
  column: string
  name: string
  normaliser: string
  bits: number
  version: number
}

export interface OfRow {
  name: string
  id: string
  more: readonly string[]
}

export interface FileRow {
  source: string
  target: string
  replace: boolean
  threads: number
}

export interface AnswerRow {
  status: number
  headers: string[]
  body: string
  reason: string | null
  tokenId: string | null
}

export interface RequestRow {
  method: string
  path: string
  headers: readonly string[]
}

export interface StepRow {
  answer: AnswerRow | null
  exchange: Handle<'Exchange'> | null
}

export interface SessionRow {
  answer: AnswerRow | null
  session: string | null
  inCookie: boolean
}

export interface QuestionRow {
  question: string
  token: string
  cookie: string | null
  nonce: string | null
}

export interface Native {
  leave(): void
  deploymentGenerate(permissions: readonly string[] | null | undefined): Handle<'Deployment'>
  deploymentFromJson(json: Uint8Array): Handle<'Deployment'>
  deploymentToJson(deployment: Handle<'Deployment'>): Buffer
  deploymentId(deployment: Handle<'Deployment'>): string
  deploymentPermissions(deployment: Handle<'Deployment'>): string[]
  deploymentLifetimes(deployment: Handle<'Deployment'>): number[]
  deploymentExpand(deployment: Handle<'Deployment'>, permissions: readonly string[]): string[]
  keyringGenerate(deployment: Handle<'Deployment'>): Handle<'Keyring'>
  keyringCreate(directory: string, permissions: readonly string[] | null | undefined, passphrase: Uint8Array | null | undefined, events: string | null | undefined): Promise<[Handle<'Keyring'>]>
  keyringOpen(directory: string, passphrase: Uint8Array | null | undefined): Promise<[Handle<'Keyring'>]>
  keyringOpenLocked(directory: string, passphrase: Uint8Array | null | undefined): Promise<[Handle<'Keyring'>]>
  wrappedRead(directory: string): Promise<[Handle<'WrappedKeyring'>]>
  wrappedSlots(wrapped: Handle<'WrappedKeyring'>): KekSlotRow[]
  wrappedOpen(wrapped: Handle<'WrappedKeyring'>, slot: number, key: Uint8Array): Promise<[Handle<'Keyring'>]>
  keyringFromJson(json: Uint8Array, deployment: Handle<'Deployment'>): Handle<'Keyring'>
  keyringUnseal(sealed: Uint8Array, passphrase: Uint8Array, deployment: Handle<'Deployment'>): Promise<[Handle<'Keyring'>]>
  keyringSeal(keyring: Handle<'Keyring'>, passphrase: Uint8Array): Promise<Buffer>
  keyringExportInClear(keyring: Handle<'Keyring'>): Buffer
  keyringDeployment(keyring: Handle<'Keyring'>): Handle<'Deployment'>
  keyringRoots(keyring: Handle<'Keyring'>): RootRow[]
  verifierWithoutRevocation(keyring: Handle<'Keyring'>, audience: string | null | undefined, skew: number | null | undefined): Handle<'Verifier'>
  verifierSlot(verifier: Handle<'Verifier'>): Handle<'Slot'>
  storeSlot(store: Handle<'Store'>): Handle<'Slot'>
  slotNumber(slot: Handle<'Slot'>): number
  verifyLink(slot: number, token: string): string
  verifySession(slot: number, token: string): string
  verifierVerifyLinkAt(verifier: Handle<'Verifier'>, token: string, at: number): string
  verifierVerifySessionAt(verifier: Handle<'Verifier'>, token: string, at: number): string
  accessRequire(deployment: Handle<'Deployment'>, permissions: string, resources: readonly string[] | null | undefined, permission: string, resource: string | null | undefined): void
  issuerNew(keyring: Handle<'Keyring'>): Handle<'Issuer'>
  issuerIssueLink(issuer: Handle<'Issuer'>, tenant: string, client: string, permissions: readonly string[], audience: string | null | undefined, lifetime: number | null | undefined): TokenRow
  issuerIssueSession(issuer: Handle<'Issuer'>, verifier: Handle<'Verifier'>, token: string, at: number | null | undefined, lifetime: number | null | undefined): TokenRow
  issuerIssueSessionByStore(issuer: Handle<'Issuer'>, store: Handle<'Store'>, token: string, lifetime: number | null | undefined): TokenRow
  untrustedParse(token: string): Handle<'UntrustedLink'>
  untrustedRow(link: Handle<'UntrustedLink'>): UntrustedRow
  untrustedPermissions(link: Handle<'UntrustedLink'>, vocabulary: readonly string[]): string[]
  untrustedNarrow(link: Handle<'UntrustedLink'>, narrowing: NarrowingRow, vocabulary: readonly string[]): string
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
  storeCompact(store: Handle<'Store'>, kept: number): Promise<number[]>
  storeIssue(store: Handle<'Store'>, row: NewLinkRow): Promise<LinkRow>
  storeShow(store: Handle<'Store'>, tenant: string, link: string): Promise<TokenRow>
  storeLink(store: Handle<'Store'>, tenant: string, link: string): Promise<LinkRow>
  storeList(store: Handle<'Store'>, tenant: string, row: FilterRow): Promise<PageRow>
  storeEdit(store: Handle<'Store'>, tenant: string, link: string, row: EditRow): Promise<LinkRow>
  storePause(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  storeRestore(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  storeHistory(store: Handle<'Store'>, tenant: string, link: string, before: number | null | undefined, limit: number): Promise<EventRow[]>
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
  givenNew(length: number, first: Uint8Array): Handle<'Given'>
  givenMore(given: Handle<'Given'>, piece: Uint8Array): void
  farNew(length: number): Handle<'Far'>
  farWanted(far: Handle<'Far'>): number[]
  farBring(far: Handle<'Far'>, from: number, bytes: Uint8Array): void
  farForget(far: Handle<'Far'>): void
  scopeSeal(scope: Handle<'Scope'>, of: OfRow, plaintext: Handle<'Given'>, embedded: boolean): Promise<Buffer>
  scopeOpen(scope: Handle<'Scope'>, of: OfRow, object: Handle<'Given'>): Promise<Buffer>
  scopeSealSync(scope: Handle<'Scope'>, of: OfRow, bytes: Uint8Array, embedded: boolean): Buffer
  scopeOpenSync(scope: Handle<'Scope'>, of: OfRow, object: Uint8Array): Buffer
  sealerNew(scope: Handle<'Scope'>, of: OfRow, embedded: boolean): Promise<[Handle<'Sealer'>]>
  sealerUpdate(sealer: Handle<'Sealer'>, bytes: Uint8Array): Promise<Buffer>
  sealerFinish(sealer: Handle<'Sealer'>): Promise<Buffer>
  openerNew(scope: Handle<'Scope'>, of: OfRow): Promise<[Handle<'Opener'>]>
  openerUpdate(opener: Handle<'Opener'>, bytes: Uint8Array): Promise<Buffer>
  openerFinish(opener: Handle<'Opener'>): Promise<Buffer>
  jobNew(): Handle<'Job'>
  jobBytes(job: Handle<'Job'>): number
  jobEnd(job: Handle<'Job'>): void
  scopeSealFile(scope: Handle<'Scope'>, of: OfRow, row: FileRow, job: Handle<'Job'>, embedded: boolean): Promise<number>
  scopeOpenFile(scope: Handle<'Scope'>, of: OfRow, row: FileRow, job: Handle<'Job'>): Promise<number>
  scopeOpenRange(scope: Handle<'Scope'>, of: OfRow, source: string): Promise<[Handle<'Range'>]>
  scopeOpenRangeOfBytes(scope: Handle<'Scope'>, of: OfRow, object: Handle<'Given'>): Promise<[Handle<'Range'>]>
  scopeOpenRangeOfFar(scope: Handle<'Scope'>, of: OfRow, far: Handle<'Far'>): Promise<[Handle<'Range'>]>
  rangeLength(range: Handle<'Range'>): number
  rangeRead(range: Handle<'Range'>, from: number, length: number): Promise<Buffer>
  rangeClose(range: Handle<'Range'>): Promise<void>
  followerNew(keyring: Handle<'Keyring'>, tenants: readonly string[] | null | undefined, highest: string | null | undefined, maxStaleness: number, audience: string | null | undefined, skew: number | null | undefined): Handle<'Follower'>
  followerOfLists(keyring: Handle<'Keyring'>, tenants: readonly string[] | null | undefined, highest: string | null | undefined, audience: string | null | undefined, skew: number | null | undefined): Handle<'Follower'>
  followerRequest(follower: Handle<'Follower'>): Promise<Buffer>
  followerAccept(follower: Handle<'Follower'>, answer: Handle<'Given'>, at: number | null | undefined): Promise<string>
  followerHighest(follower: Handle<'Follower'>): string | null
  followerVerifier(follower: Handle<'Follower'>): Handle<'Verifier'>
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
}
