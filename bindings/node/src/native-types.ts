// Made by `scripts/native-types.mjs` from `native/*.rs`, which is what `npm run build` does first. Nothing but `src` calls these functions. What is not
// there of a row that comes is `null`, and not left away: `Object.prototype` might have it.

/** Something that the native part made, and that only it can look into. */
export interface Handle<Name extends string> {
  readonly __handle: Name
}

/** From where to where. */
export interface FileRow {
  /** The path of what is read. A named pipe is none (`source_unreadable`). */
  readonly source: string
  /** The path of what is written (`target_unwritable`). */
  readonly target: string
  /** Whether a file that is there already is replaced; if not, it is `file_exists`. */
  readonly replace: boolean
  /** On how many threads. */
  readonly threads: number
}

/** One of the KEKs that a keyring lies under, and what has to be unwrapped. Nothing of it is secret. */
export interface KekSlotRow {
  /** Where the KEK lies: `aws-kms`, `pkcs11`, or `type-40` for instance. */
  readonly kind: string
  /** What it is called there: of AWS KMS the key id, of PKCS#11 the `CKA_ID`. */
  readonly id: Buffer
  /** Which version of it; 0 of AWS KMS. */
  readonly version: number
  /** The key, as the provider has wrapped it; of PKCS#11 12 bytes of IV, then what AES-256-GCM gave. */
  readonly wrapped: Buffer
  /** What it is bound to: associated data, for a provider that takes such. */
  readonly binding: Buffer
  /** The same in names and texts, for one that takes these: a name and a text in each list. */
  readonly context: readonly (readonly string[])[]
}

/** What may be known about a root key. */
export interface RootRow {
  /** 8 hexadecimal digits. */
  readonly id: string
  /** `active`, `verify_only`, `retired` or `destroyed`. */
  readonly state: string
  /** When it was made, in Unix seconds. */
  readonly createdAt: number
}

/** What a destruction has done. */
export interface ErasureRow {
  /** The keys that are gone. */
  readonly keys: readonly string[]
  /** When no cache and no backup of the key store holds one of them any more, in Unix seconds. */
  readonly completeAt: number
}

/** Everything that says which index it is. */
export interface IndexOptionsRow {
  /** Of the table: 1 to 64 bytes. */
  readonly table: string
  /** Of the column: 1 to 64 bytes. */
  readonly column: string
  /** Of the index: 1 to 64 bytes. */
  readonly name: string
  /** What values become first: `exact`, `ascii-lowercase` or `digits`. */
  readonly normaliser: string
  /** 1 to 256, see `indexBits`. */
  readonly bits: number
  /** From 1. */
  readonly version: number
}

/** A link to be made. */
export interface NewLinkRow {
  /** Whose data. */
  readonly tenant: string
  /** Who comes. */
  readonly client: string
  /** What it grants. */
  readonly permissions: readonly string[]
  /** For whom it is good. */
  readonly audience?: string | undefined
  /** How long it can live at most, in seconds. */
  readonly lifetime?: number | undefined
  /** What the tenant calls it: 1 to 200 characters. */
  readonly label?: string | undefined
  /** How often it can be redeemed. */
  readonly usesMax?: number | undefined
  /** When it ends, in Unix seconds, if that is before its lifetime is over: it can then be extended. */
  readonly expiresAt?: number | undefined
}

/** A link as its tenant sees it. */
export interface LinkRow {
  /** `null`, but of a link that was just made. `show` makes it again. */
  readonly token: string | null
  /** Its id. */
  readonly id: string
  /** Whose data. */
  readonly tenant: string
  /** Who comes. */
  readonly client: string
  /** What the tenant calls it. */
  readonly label: string | null
  /** `active`, `paused` or `revoked`. */
  readonly state: string
  /** When it ends, in Unix seconds. */
  readonly expiresAt: number
  /** Until when it can be extended, in Unix seconds. */
  readonly ceiling: number
  /** What it grants. */
  readonly permissions: readonly string[]
  /** What it could grant at most. */
  readonly permissionsCeiling: readonly string[]
  /** For which resources it is good; `null` for all. */
  readonly resources: readonly string[] | null
  /** How often it can be redeemed; `null` as often as one likes. */
  readonly usesMax: number | null
  /** How often it was. */
  readonly uses: number
  /** How often something was taken away from it. */
  readonly revision: number
  /** When it was made, in Unix seconds. */
  readonly createdAt: number
  /** When it was changed, in Unix seconds. */
  readonly changedAt: number
  /** When it was redeemed, in Unix seconds. */
  readonly lastUsedAt: number | null
}

/** Which links to list. */
export interface FilterRow {
  /** Those of one client. */
  readonly client?: string | undefined
  /** Those in this state: `active`, `paused` or `revoked`. */
  readonly state?: string | undefined
  /** Those that end before, in Unix seconds. */
  readonly expiresBefore?: number | undefined
  /** Those whose label contains this, in any case of ASCII letters. */
  readonly labelContains?: string | undefined
  /** `next` of the page before. */
  readonly after?: string | undefined
  /** At most 1,000. */
  readonly limit: number
}

/** Some links, the newest first. */
export interface PageRow {
  /** At most as many as were asked for. */
  readonly links: readonly LinkRow[]
  /** What the next page begins behind; `null` if this is the last. */
  readonly next: string | null
}

/** What is to be changed. The flags say of what may be absent whether it is meant. */
export interface EditRow {
  /** Whether the label is changed. */
  readonly hasLabel: boolean
  /** What the tenant calls it: 1 to 200 characters; absent takes it away. */
  readonly label?: string | undefined
  /** When it ends, in Unix seconds. */
  readonly expiresAt?: number | undefined
  /** What it grants. */
  readonly permissions?: readonly string[] | undefined
  /** Whether the resources are changed. */
  readonly hasResources: boolean
  /** For which resources it is good; absent for all. */
  readonly resources?: readonly string[] | undefined
  /** Whether the number of uses is changed. */
  readonly hasUsesMax: boolean
  /** How often it can be redeemed; absent as often as one likes. */
  readonly usesMax?: number | undefined
}

/** One line of a link's history. */
export interface EventRow {
  /** From 0, without gaps. */
  readonly number: number
  /** When, in Unix seconds. */
  readonly at: number
  /** `issued`, `shown`, `redeemed` and so on. */
  readonly kind: string
  /** More of it. */
  readonly detail: string | null
}

/** An answer, to be sent as it is. */
export interface AnswerRow {
  /** The HTTP status. */
  readonly status: number
  /** Header lines, in this order: name, value, name, value … */
  readonly headers: readonly string[]
  /** The body. */
  readonly body: string
  /** Why the request is refused, if it is: the code, for the operator's log. */
  readonly reason: string | null
  /** The token's id, if it was authentic. */
  readonly tokenId: string | null
}

/** What of a request is looked at. */
export interface RequestRow {
  /** As it was sent. */
  readonly method: string
  /** As it was sent, not decoded, without the query. */
  readonly path: string
  /** Each header line: name, value, name, value … A character of a value is a byte. */
  readonly headers: readonly string[]
}

/** An answer to send, a question to a store, or neither, for the request is the application's. */
export interface StepRow {
  /** What is to be sent. */
  readonly answer: AnswerRow | null
  /** What is to be asked. */
  readonly exchange: Handle<'Exchange'> | null
}

/** The session that came with a request; or the refusal. */
export interface SessionRow {
  /** The refusal to send. */
  readonly answer: AnswerRow | null
  /** The session. Nobody has looked at it. */
  readonly session: string | null
  /** Whether it came in a cookie. */
  readonly inCookie: boolean
}

/** What is asked of a store. */
export interface QuestionRow {
  /** `peek`, `redeem` or `renew`. */
  readonly question: string
  /** The link to peek at or to redeem, or the session to renew. Nobody has looked at it. */
  readonly token: string
  /** The peek cookie that came. */
  readonly cookie: string | null
  /** The nonce that came. */
  readonly nonce: string | null
}

/** What exactly is sealed, beside its tenant. All of it has to be stated again to open it. */
export interface OfRow {
  /** A stable logical name: `invoices.notes`. */
  readonly name: string
  /** Which one. */
  readonly id: string
  /** More, under keys that begin with `x-`: key, value, key, value … */
  readonly more: readonly string[]
}

/** How a store is opened. */
export interface StoreOptionsRow {
  /** Whether it is made, or brought up to date, if need be. */
  readonly create: boolean
  /** Who is asking: tokens that state an audience must state this one. */
  readonly audience?: string | undefined
  /** How far ahead the issuer's clock may be, in seconds: 60 by default, at most 300. */
  readonly skew?: number | undefined
  /** For how many milliseconds revocations are believed without having heard from the database: 30,000. */
  readonly maxStaleness?: number | undefined
  /** How often the database is asked for what is new, in milliseconds: 500. With 0 it never is. */
  readonly follow?: number | undefined
  /** A file that every operation is written to as a line of JSON before it takes effect. */
  readonly events?: string | undefined
}

/** What a recovery found and did. */
export interface RecoveredRow {
  /** Where the feed stood that was found. */
  readonly found: string
  /** Where the new one begins. */
  readonly begins: string
  /** Whether a newer view was merged: then valid links work again. */
  readonly merged: boolean
}

/** What looking at a link gives. */
export interface PeekedRow {
  /** To be sent back with the link and the cookie. */
  readonly nonce: string
  /** When the nonce ends, in Unix seconds. */
  readonly expiresAt: number
  /** The browser's cookie. */
  readonly cookie: string
}

/** A token just made. */
export interface TokenRow {
  /** The token itself: it goes to its holder and nowhere else. */
  readonly text: string
  /** Its id. */
  readonly id: string
  /** When it ends, in Unix seconds. */
  readonly expiresAt: number
}

/** What a link says, before anybody believes it. */
export interface UntrustedRow {
  /** Whose data. */
  readonly tenant: string
  /** Who comes. */
  readonly client: string
  /** When it was made, in Unix seconds. */
  readonly issuedAt: number
  /** When it ends, in Unix seconds. */
  readonly expiresAt: number
  /** For which resources it is good; `null` for all. */
  readonly resources: readonly string[] | null
  /** For whom it is good; `null` for all. */
  readonly audience: string | null
  /** What holders wrote on its copies, in their order. */
  readonly recipients: readonly string[]
  /** Whether nobody can narrow it further. */
  readonly isSealed: boolean
}

/** What is taken away from a copy of a link. */
export interface NarrowingRow {
  /** When it ends, in Unix seconds. */
  readonly expiresAt?: number | undefined
  /** Which permissions it keeps. */
  readonly permissions?: readonly string[] | undefined
  /** For which resources it is good: 1 to 16. */
  readonly resources?: readonly string[] | undefined
  /** For whom it is good. */
  readonly audience?: string | undefined
  /** A label of 1 to 32 printable ASCII characters. */
  readonly recipient?: string | undefined
  /** Whether nobody can narrow it further. */
  readonly seal: boolean
}

export interface Native {
  /** An object of so many bytes, which lies where JavaScript alone can read. */
  farNew(length: number): Handle<'Far'>
  /** What the last call lacked: from where, and how many bytes; nothing, if it failed with something else. */
  farWanted(far: Handle<'Far'>): number[]
  /** These bytes lie there. None: it ends there, whatever its length was. */
  farBring(far: Handle<'Far'>, from: number, bytes: Uint8Array): void
  /** Leaves what was brought for a call that is over. */
  farForget(far: Handle<'Far'>): void
  /** What follows the work on a file, and can end it. */
  jobNew(): Handle<'Job'>
  /** How many bytes of the source were read so far. */
  jobBytes(job: Handle<'Job'>): number
  /** Ends the work: its next read fails. */
  jobEnd(job: Handle<'Job'>): void
  /** Seals a file into another, which appears when all of it is written. Returns how many bytes there were. */
  scopeSealFile(scope: Handle<'Scope'>, of: OfRow, row: FileRow, job: Handle<'Job'>, embedded: boolean): Promise<number>
  /** Opens a file into another, which appears when all of it is authentic. Returns how many bytes there are. */
  scopeOpenFile(scope: Handle<'Scope'>, of: OfRow, row: FileRow, job: Handle<'Job'>): Promise<number>
  /**
   * Knows what is revoked where there is no store; it begins knowing nothing, and so refuses all. `highest`: the stamp that an earlier one
   * reached, so that nothing older is taken; `maxStaleness` in milliseconds, `skew` in seconds. Errors: `random_unavailable`.
   */
  followerNew(keyring: Handle<'Keyring'>, tenants: readonly string[] | null | undefined, highest: string | null | undefined, maxStaleness: number, audience: string | null | undefined, skew: number | null | undefined): Handle<'Follower'>
  /**
   * One that follows published lists: it asks nobody, and believes a list from its one time to its other by the clock. `skew` in seconds.
   * Errors: `random_unavailable`.
   */
  followerOfLists(keyring: Handle<'Keyring'>, tenants: readonly string[] | null | undefined, highest: string | null | undefined, audience: string | null | undefined, skew: number | null | undefined): Handle<'Follower'>
  /** A request to be sent now: what a store answers. One of lists makes none: `follows_lists`. It waits while an answer is taken in. */
  followerRequest(follower: Handle<'Follower'>): Promise<Buffer>
  /**
   * Takes an answer, or a list, in: for a large one that is work of a second. Returns the stamp that it stands at now. After `gap`,
   * `another_incarnation` and `fork` ask again. `at`: by when a list is good or not, in Unix seconds; now, if nothing is said.
   */
  followerAccept(follower: Handle<'Follower'>, answer: Handle<'Given'>, at: number | null | undefined): Promise<string>
  /** The stamp of the last answer; keep it for the next start. */
  followerHighest(follower: Handle<'Follower'>): string | null
  /** What verifies by what it knows. */
  followerVerifier(follower: Handle<'Follower'>): Handle<'Verifier'>
  /** A copy of so many bytes, of which these are the first. */
  givenNew(length: number, first: Uint8Array): Handle<'Given'>
  /** Copies the next bytes; more than there were to be are `number_out_of_range`. */
  givenMore(given: Handle<'Given'>, piece: Uint8Array): void
  /** The keyring of a directory, as it was read, if it lies under a KEK; nothing in the list if not. */
  wrappedRead(directory: string): Promise<[Handle<'WrappedKeyring'>?]>
  /** The KEKs that it lies under, in the order in which they are to be asked. */
  wrappedSlots(wrapped: Handle<'WrappedKeyring'>): KekSlotRow[]
  /** Opens it with the 32 bytes that were unwrapped from this slot. Errors: `no_slot`; `unwrap_failed`, `wrapped_damaged` of another key. */
  wrappedOpen(wrapped: Handle<'WrappedKeyring'>, slot: number, key: Uint8Array): Promise<[Handle<'Keyring'>]>
  /**
   * A new one, with a random id. `permissions`: the vocabulary, at most 64 names `resource:action`, to which more can be appended later;
   * without it the one made for portals. Errors: `random_unavailable`.
   */
  deploymentGenerate(permissions: readonly string[] | null | undefined): Handle<'Deployment'>
  /** From the bytes of `deployment.json`. Errors: `deployment_malformed`, `deployment_newer_version`. */
  deploymentFromJson(json: Uint8Array): Handle<'Deployment'>
  /** The bytes of `deployment.json`. */
  deploymentToJson(deployment: Handle<'Deployment'>): Buffer
  /** 32 hexadecimal digits. */
  deploymentId(deployment: Handle<'Deployment'>): string
  /** The vocabulary, in its order. */
  deploymentPermissions(deployment: Handle<'Deployment'>): string[]
  /** How long links live, in seconds: if nothing is said, and at most; then the same of sessions. */
  deploymentLifetimes(deployment: Handle<'Deployment'>): number[]
  /** All that these names stand for: `files:*` is every permission on files. Errors: `unknown_permission`. */
  deploymentExpand(deployment: Handle<'Deployment'>, permissions: readonly string[]): string[]
  /** A new one, in memory. Errors: `random_unavailable`. */
  keyringGenerate(deployment: Handle<'Deployment'>): Handle<'Keyring'>
  /**
   * Makes a directory with a new deployment and keyring, as `portward keyring new` does. Without a passphrase, its owner can read the keys. `events`: a
   * file that is told of the root key, in a line of JSON, before it is written. Errors: `file_exists`, `sink_failed`.
   */
  keyringCreate(directory: string, permissions: readonly string[] | null | undefined, passphrase: Uint8Array | null | undefined, events: string | null | undefined): Promise<[Handle<'Keyring'>]>
  /**
   * Opens a directory that this or the command has made. With a passphrase, a keyring in the clear is not taken.
   * Errors: `passphrase_required`, `sealed_wrong_passphrase`, `keyring_lock` of one in the clear, `kek_required` of one under a KEK.
   */
  keyringOpen(directory: string, passphrase: Uint8Array | null | undefined): Promise<[Handle<'Keyring'>]>
  /** The same for whoever has a KEK: a keyring in the clear is not taken in any case. */
  keyringOpenLocked(directory: string, passphrase: Uint8Array | null | undefined): Promise<[Handle<'Keyring'>]>
  /** From the bytes of `keyring.json`. */
  keyringFromJson(json: Uint8Array, deployment: Handle<'Deployment'>): Handle<'Keyring'>
  /** Opens the bytes of a keyring under a passphrase. Errors: `sealed_wrong_passphrase`, `sealed_damaged`. */
  keyringUnseal(sealed: Uint8Array, passphrase: Uint8Array, deployment: Handle<'Deployment'>): Promise<[Handle<'Keyring'>]>
  /** Seals it under a passphrase of 1 to 1,024 bytes; takes about a second and 64 MiB or more. */
  keyringSeal(keyring: Handle<'Keyring'>, passphrase: Uint8Array): Promise<Buffer>
  /** The bytes of `keyring.json`: all keys, in the clear. */
  keyringExportInClear(keyring: Handle<'Keyring'>): Buffer
  /** The deployment that it is of. */
  keyringDeployment(keyring: Handle<'Keyring'>): Handle<'Deployment'>
  /** What may be known about its roots. */
  keyringRoots(keyring: Handle<'Keyring'>): RootRow[]
  /**
   * Opens a key store: `sqlite:PATH` or `postgres://…`. `feed`: the store that tells of keys which others destroyed; `create`: whether it is made;
   * `events`: a file that is told of every key before it is made, changed or destroyed. Errors: `store_location`, `store_uninitialised`.
   */
  keyStoreOpen(location: string, keyring: Handle<'Keyring'>, feed: Handle<'Store'> | null | undefined, create: boolean, events: string | null | undefined): Promise<[Handle<'KeyStore'>]>
  /** The same key store, with this name in the events of what is done through it. */
  keyStoreActingAs(keys: Handle<'KeyStore'>, actor: string): Handle<'KeyStore'>
  /** Ends all connections for good. Whatever asks it then fails: `closed`. */
  keyStoreClose(keys: Handle<'KeyStore'>): Promise<void>
  /**
   * Makes the keys of a tenant that has none, also of one whose keys were destroyed: scopes that had keys then stay destroyed.
   * Errors: `key_exists`.
   */
  keyStoreNewTenant(keys: Handle<'KeyStore'>, tenant: string): Promise<void>
  /** Makes a new key for a tenant, under which what is made from now on lies; returns its version. Errors: `unknown_key`. */
  keyStoreRotateTenant(keys: Handle<'KeyStore'>, tenant: string): Promise<number>
  /**
   * Puts every key under the newest key of its tenant, and those under the active root; what is destroyed and came back with an older copy of
   * the key store is destroyed again.
   */
  keyStoreRewrap(keys: Handle<'KeyStore'>): Promise<void>
  /**
   * Destroys every key of a tenant: nothing of it opens any more. `backupsKept`: for how many seconds backups of this store are kept.
   * Errors: `unknown_key`.
   */
  keyStoreDestroyTenant(keys: Handle<'KeyStore'>, tenant: string, backupsKept: number): Promise<ErasureRow>
  /** The keys of a tenant for one kind of thing, such as `record:invoices`. Asks nobody yet. */
  keyStoreScope(keys: Handle<'KeyStore'>, tenant: string, scope: string): Handle<'Scope'>
  /** Makes a new data key for what is sealed from now on. Errors: `unknown_key`, `index_key`. */
  scopeRotate(scope: Handle<'Scope'>): Promise<void>
  /**
   * Makes a data key for a scope that has none to seal with: one that was destroyed gets one only here. What was sealed before stays erased.
   * Errors: `key_exists`, `unknown_key`, `index_key`.
   */
  scopeBegin(scope: Handle<'Scope'>): Promise<void>
  /** Under which data key an object says that it is. Nothing of that was checked. */
  scopeKeyOf(scope: Handle<'Scope'>, object: Uint8Array): string
  /**
   * Destroys one data key that was rotated away: what was sealed under it opens no more, what was sealed since does.
   * `backupsKept`: for how many seconds backups of the key store are kept. Errors: `key_state` of the key that seals, `unknown_key`.
   */
  scopeDestroyKey(scope: Handle<'Scope'>, key: string, backupsKept: number): Promise<ErasureRow>
  /** Destroys every data key of the scope. `backupsKept`: for how many seconds backups of the key store are kept. */
  scopeDestroy(scope: Handle<'Scope'>, backupsKept: number): Promise<ErasureRow>
  /** A blind index under the key of this scope, whose kind is `index`. Errors: `index_scope`, `index_parameters`. */
  scopeBlindIndex(scope: Handle<'Scope'>, row: IndexOptionsRow): Promise<[Handle<'BlindIndex'>]>
  /** The index of a value: its version, then as many bytes as its bits take. Errors: `index_empty_value`. */
  blindIndexOf(index: Handle<'BlindIndex'>, value: string): Buffer
  /**
   * How many bits an index should have: enough to find few rows by it, too few to tell each value. `rows`, `distinct`: of the column; `otherBits`: of
   * all other indexes; `evenIfFew`: that frequencies tell the values of a column with fewer than 256 is known. Errors: `index_too_few_values`.
   */
  indexBits(rows: number, distinct: number, otherBits: number, evenIfFew: boolean): number
  /** Makes a link and its row in one step; it has its `token`. */
  storeIssue(store: Handle<'Store'>, row: NewLinkRow): Promise<LinkRow>
  /** Makes the token of a link again. Errors: `link_unknown`, `link_revoked`. */
  storeShow(store: Handle<'Store'>, tenant: string, link: string): Promise<TokenRow>
  /** One link. Errors: `link_unknown`. */
  storeLink(store: Handle<'Store'>, tenant: string, link: string): Promise<LinkRow>
  /** The links of a tenant, the newest first. Errors: `limit_zero`. */
  storeList(store: Handle<'Store'>, tenant: string, row: FilterRow): Promise<PageRow>
  /** Changes a link that was sent already. Errors: `link_unknown`, `link_revoked`, `over_ceiling`, `nothing_granted`, `label_malformed`. */
  storeEdit(store: Handle<'Store'>, tenant: string, link: string, row: EditRow): Promise<LinkRow>
  /** Lets a link, its copies and its sessions grant nothing until it is restored. Returns the stamp. Errors: `link_unknown`, `link_state`. */
  storePause(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  /** Lets a paused link grant again what it did. Returns the stamp. Errors: `link_unknown`, `link_state`. */
  storeRestore(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  /** What happened to a link, the latest first. `before`: only those with a lower number; `limit`: at most 1,000. Errors: `link_unknown`, `limit_zero`. */
  storeHistory(store: Handle<'Store'>, tenant: string, link: string, before: number | null | undefined, limit: number): Promise<EventRow[]>
  /**
   * For a host: `https://portal.example`. `path`: below which path the routes lie, `/portal` if nothing is said; `page`: texts of the page by their
   * names: name, text, name, text … Errors: `origin_malformed`, `path_malformed`, `style_malformed`, `unknown_text`.
   */
  portalNew(origin: string, path: string | null | undefined, page: readonly string[]): Handle<'Portal'>
  /** The path that the routes lie below. */
  portalPath(portal: Handle<'Portal'>): string
  /** The address of a link; with `fragment`, one whose token no server and no proxy sees, which needs a script. */
  portalLinkUrl(portal: Handle<'Portal'>, token: string, fragment: boolean): string
  /** What is to be done about a request. `body`: all of it, or a part of it longer than 4,096 bytes. */
  portalRead(portal: Handle<'Portal'>, request: RequestRow, body: Uint8Array): StepRow
  /** The session of a request to the application; or the refusal to send. */
  portalSession(portal: Handle<'Portal'>, request: RequestRow): SessionRow
  /** The one refusal: `damaged`, `refused` or `unavailable`; for every reason the same. Errors: `unknown_refusal`. */
  portalRefuse(portal: Handle<'Portal'>, request: RequestRow, answer: string): AnswerRow
  /** What is asked. */
  exchangeQuestion(exchange: Handle<'Exchange'>): QuestionRow
  /** The answer to a peek. `expiresAt`: when the nonce ends, in Unix seconds. Errors: `other_question`, `cookie_malformed`. */
  exchangePeeked(exchange: Handle<'Exchange'>, nonce: string, cookie: string, expiresAt: number): AnswerRow
  /**
   * The answer to a redemption or a renewal. `expiresAt`: when the session ends, `at`: the time, now if nothing is said; in Unix seconds.
   * Errors: `other_question`.
   */
  exchangeGranted(exchange: Handle<'Exchange'>, text: string, expiresAt: number, at: number | null | undefined): AnswerRow
  /** The refusal: `damaged`, `refused` or `unavailable`. Errors: `unknown_refusal`. */
  exchangeRefused(exchange: Handle<'Exchange'>, answer: string): AnswerRow
  /** Asks the store and answers, in one step. What goes wrong is in the answer. */
  exchangeRun(exchange: Handle<'Exchange'>, store: Handle<'Store'>): Promise<AnswerRow>
  /** Seals bytes, which are taken out of what was given. `embedded`: whether the data key goes along: deleting the object is then what erases it. */
  scopeSeal(scope: Handle<'Scope'>, of: OfRow, plaintext: Handle<'Given'>, embedded: boolean): Promise<Buffer>
  /** Opens bytes, which are taken out of what was given. Whatever is wrong, nothing of it is returned. */
  scopeOpen(scope: Handle<'Scope'>, of: OfRow, object: Handle<'Given'>): Promise<Buffer>
  /** Seals at once; blocks while it asks the key store, if the keys are not known yet. */
  scopeSealSync(scope: Handle<'Scope'>, of: OfRow, bytes: Uint8Array, embedded: boolean): Buffer
  /** Opens at once, and blocks likewise. */
  scopeOpenSync(scope: Handle<'Scope'>, of: OfRow, object: Uint8Array): Buffer
  /** Begins to seal piece by piece, in constant memory. */
  sealerNew(scope: Handle<'Scope'>, of: OfRow, embedded: boolean): Promise<[Handle<'Sealer'>]>
  /** Takes plaintext in; gives out what is sealed by now. Errors: `stream_over`. */
  sealerUpdate(sealer: Handle<'Sealer'>, bytes: Uint8Array): Promise<Buffer>
  /** Gives out the rest. Without it the object does not open. */
  sealerFinish(sealer: Handle<'Sealer'>): Promise<Buffer>
  /** Begins to open piece by piece. Each byte that comes out is authentic; that they are all is known only once it was finished. */
  openerNew(scope: Handle<'Scope'>, of: OfRow): Promise<[Handle<'Opener'>]>
  /** Takes a part of the object in; gives out what is open by now. Errors: `stream_over`. */
  openerUpdate(opener: Handle<'Opener'>, bytes: Uint8Array): Promise<Buffer>
  /** Says that this was all; gives out the rest. */
  openerFinish(opener: Handle<'Opener'>): Promise<Buffer>
  /** Opens any part of a sealed file, by its path. */
  scopeOpenRange(scope: Handle<'Scope'>, of: OfRow, source: string): Promise<[Handle<'Range'>]>
  /** The same of the bytes of an object, which are taken out of what was given. */
  scopeOpenRangeOfBytes(scope: Handle<'Scope'>, of: OfRow, object: Handle<'Given'>): Promise<[Handle<'Range'>]>
  /** The same of an object that lies where JavaScript alone can read: where it lacks something it fails, and is called again with it. */
  scopeOpenRangeOfFar(scope: Handle<'Scope'>, of: OfRow, far: Handle<'Far'>): Promise<[Handle<'Range'>]>
  /** How long the plaintext is, in bytes. */
  rangeLength(range: Handle<'Range'>): number
  /** Reads so many bytes from there, fewer where the plaintext ends before. Errors: `closed`. */
  rangeRead(range: Handle<'Range'>, from: number, length: number): Promise<Buffer>
  /** Closes the file, once what is being read has been read. */
  rangeClose(range: Handle<'Range'>): Promise<void>
  /** Opens a store: `sqlite:PATH` or `postgres://…`. Errors: `store_location`, `store_uninitialised`, `store_restored`. */
  storeOpen(location: string, keyring: Handle<'Keyring'>, row: StoreOptionsRow): Promise<[Handle<'Store'>]>
  /**
   * Begins a new life of a store that was restored, copied or promoted. `newer`: the newest view that somebody saved; without one, every token
   * made so far is refused. `events`: as in the options of a store. Errors of a view: `forged_message`, `rollback`.
   */
  storeRecover(location: string, keyring: Handle<'Keyring'>, newer: Handle<'Given'> | null | undefined, events: string | null | undefined): Promise<RecoveredRow>
  /** The same store, with this name in the events of what is done through it. */
  storeActingAs(store: Handle<'Store'>, actor: string): Handle<'Store'>
  /** Ends all connections for good. Everything then fails, verifying too: `closed`. */
  storeClose(store: Handle<'Store'>): Promise<void>
  /** Whether it is open: not once it was closed. */
  storeIsOpen(store: Handle<'Store'>): boolean
  /** Whether its knowledge of revocations is believed now. */
  storeIsFresh(store: Handle<'Store'>): boolean
  /** How far its knowledge of revocations goes; `null` where it is closed. */
  storeStamp(store: Handle<'Store'>): string | null
  /** Whether it knows at least what this stamp stands for. Errors: `stamp_malformed`. */
  storeIsAtLeast(store: Handle<'Store'>, stamp: string): boolean
  /** Asks the database for what is new, now. */
  storeRefresh(store: Handle<'Store'>): Promise<void>
  /** Looks at a link without spending anything of it. Asks no database. */
  storePeek(store: Handle<'Store'>, link: string, cookie: string | null | undefined): PeekedRow
  /** Makes a session of a link, and counts a use of it. */
  storeRedeem(store: Handle<'Store'>, link: string, cookie: string, nonce: string): Promise<TokenRow>
  /** Makes another session for one that has not ended. */
  storeRenew(store: Handle<'Store'>, session: string): Promise<TokenRow>
  /** Revokes a link with its copies and sessions, for good. Returns the stamp: who knows at least that refuses it. Errors: `link_unknown`. */
  storeRevokeLink(store: Handle<'Store'>, tenant: string, link: string): Promise<string>
  /**
   * Revokes a copy of a link, and what was narrowed from it. An id that is none is not noticed, and revokes nothing; the link's own is.
   * Errors: `link_unknown`, `not_a_copy`.
   */
  storeRevokeCopy(store: Handle<'Store'>, tenant: string, link: string, copy: string): Promise<string>
  /** Revokes one session. Errors: `link_unknown`. */
  storeRevokeSession(store: Handle<'Store'>, tenant: string, link: string, session: string): Promise<string>
  /** Revokes everything of a client that was made so far. */
  storeRevokeClient(store: Handle<'Store'>, tenant: string, client: string): Promise<string>
  /** Revokes everything of a tenant that was made so far. */
  storeRevokeTenant(store: Handle<'Store'>, tenant: string): Promise<string>
  /** Revokes every token of the deployment that was made so far. */
  storeRevokeEverything(store: Handle<'Store'>): Promise<string>
  /** Answers the request of a follower. Errors: `malformed_request`. */
  storeAnswer(store: Handle<'Store'>, request: Uint8Array): Promise<Buffer>
  /** A list of revocations for verifiers without a live feed: of these tenants, or of all; good from one time to the other, in Unix seconds. */
  storePublish(store: Handle<'Store'>, tenants: readonly string[] | null | undefined, thisUpdate: number, nextUpdate: number): Promise<Buffer>
  /** What is revoked, as bytes, to be kept for a recovery. It can be read by who has the keyring. */
  storeSaveView(store: Handle<'Store'>): Promise<Buffer>
  /** Takes away what is old; `kept`: links that ended so many seconds ago stay. Returns how many changes, redemptions and links are gone. */
  storeCompact(store: Handle<'Store'>, kept: number): Promise<number[]>
  /**
   * One that knows of no revocation: a token then lives until it expires, whatever happens. `audience`: who is asking; `skew`: how far ahead
   * the issuer's clock may be, in seconds: 60 by default, at most 300. Errors: `random_unavailable`.
   */
  verifierWithoutRevocation(keyring: Handle<'Keyring'>, audience: string | null | undefined, skew: number | null | undefined): Handle<'Verifier'>
  /** Takes a number for it, which is good as long as this handle lives. */
  verifierSlot(verifier: Handle<'Verifier'>): Handle<'Slot'>
  /** The same for a store. */
  storeSlot(store: Handle<'Store'>): Handle<'Slot'>
  /** The number. */
  slotNumber(slot: Handle<'Slot'>): number
  /**
   * Verifies a link, now, by the number of who verifies: an access, packed in one text, or an error, which begins with `!`.
   * Errors: `closed`, of a store.
   */
  verifyLink(slot: number, token: string): string
  /** The same of a session. Errors: `closed`, of a store. */
  verifySession(slot: number, token: string): string
  /** Verifies a link as of a time in Unix seconds, and answers as `verifyLink`. */
  verifierVerifyLinkAt(verifier: Handle<'Verifier'>, token: string, at: number): string
  /** The same of a session. */
  verifierVerifySessionAt(verifier: Handle<'Verifier'>, token: string, at: number): string
  /**
   * Whether an access that came packed grants this. `permissions`: the bitmap, in hexadecimal digits; `resources`: its own, nothing for all.
   * Errors: `permission_denied`, `resource_required`, `resource_denied`.
   */
  accessRequire(deployment: Handle<'Deployment'>, permissions: string, resources: readonly string[] | null | undefined, permission: string, resource: string | null | undefined): void
  /** Makes tokens without a store, under the keyring's active root. */
  issuerNew(keyring: Handle<'Keyring'>): Handle<'Issuer'>
  /**
   * Makes a link. `audience`: for whom it is good, for all if nothing is said; `lifetime` in seconds.
   * Errors: `lifetime_zero`, `lifetime_over_ceiling`, `token_too_long`.
   */
  issuerIssueLink(issuer: Handle<'Issuer'>, tenant: string, client: string, permissions: readonly string[], audience: string | null | undefined, lifetime: number | null | undefined): TokenRow
  /**
   * Makes a session of a link that this verifier believed: it is verified once more, now or as of the time that it was verified for, in Unix
   * seconds. `lifetime` in seconds. Errors: `nothing_granted`, `expired`, `lifetime_zero`, `lifetime_over_ceiling`.
   */
  issuerIssueSession(issuer: Handle<'Issuer'>, verifier: Handle<'Verifier'>, token: string, at: number | null | undefined, lifetime: number | null | undefined): TokenRow
  /** The same of a link that a store believed. `lifetime` in seconds. Errors: those of `issuerIssueSession`. */
  issuerIssueSessionByStore(issuer: Handle<'Issuer'>, store: Handle<'Store'>, token: string, lifetime: number | null | undefined): TokenRow
  /** A link in the hands of its holder: what it says can be read, not believed. */
  untrustedParse(token: string): Handle<'UntrustedLink'>
  /** What it says. */
  untrustedRow(link: Handle<'UntrustedLink'>): UntrustedRow
  /** What it grants, in the words of a vocabulary; what that lacks is left out. */
  untrustedPermissions(link: Handle<'UntrustedLink'>, vocabulary: readonly string[]): string[]
  /**
   * A copy that grants less, made without a key. `vocabulary`: the deployment's permission names in their order, if permissions are narrowed.
   * Errors: `sealed`, `too_many_blocks`, `empty_block`, `token_too_long`.
   */
  untrustedNarrow(link: Handle<'UntrustedLink'>, narrowing: NarrowingRow, vocabulary: readonly string[]): string
  /** The process ends: what has not begun is left, and files that are under way. */
  leave(): void
}
