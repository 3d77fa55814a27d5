//! What is public in the generated code, a line each, without what uniffi needs for itself.

use std::fs;
use std::io;
use std::path::Path;

use super::base::FOLDER;
use crate::log::Log;
use crate::tally::Tally;

/// Whether these sources have the surface that was committed.
pub(super) fn compare(log: &mut Log, sources: &[&str], of: fn(&str) -> String, committed: &str) -> io::Result<Tally> {
    let texts = sources.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
    let found: String = texts.iter().map(|text| of(text)).collect();
    let language = Path::new(committed).parent().and_then(Path::file_name).unwrap_or_default();
    let now = Path::new(FOLDER).join(language).with_extension("surface.txt");
    fs::write(&now, &found)?;
    let is_same = fs::read_to_string(committed).unwrap_or_default() == found;
    if !is_same {
        log.note(&format!("what is public is not what {committed} says: compare {}", now.display()))?;
    }
    Ok(Tally::one(is_same))
}

pub(super) fn of_swift(source: &str) -> String {
    let begun = source.split_once(BEGIN).map_or(source, |(_, rest)| rest);
    let own = begun.split_once(END).map_or(begun, |(own, _)| own);
    let joined = joined(own);
    let is_plain = |line: &&str| !INNER.iter().any(|word| line.contains(word)) && !line.ends_with(':');
    let declarations = joined.lines().filter(|line| DECLARED.iter().any(|word| line.starts_with(word)));
    declarations.filter(is_plain).map(|line| line.trim_end_matches(['{', ' ']).to_owned() + "\n").collect()
}

/// Without comments, and each declaration in one line.
fn joined(source: &str) -> String {
    let mut parts = source.split("/**");
    let first = parts.next().unwrap_or_default();
    let rest = parts.filter_map(|part| part.split_once("*/")).map(|(_, code)| code);
    let code: String = std::iter::once(first).chain(rest).collect();

    let (mut joined, mut open) = (String::new(), 0_usize);
    for line in code.lines() {
        joined.push_str(if open > 0 { line.trim_start() } else { line });
        open = open.saturating_add(line.matches('(').count()).saturating_sub(line.matches(')').count());
        if open == 0 && line != "public " {
            joined.push('\n');
        }
    }
    joined
}

/// What is public without a comment of its own says so.
pub(super) fn of_kotlin(source: &str) -> String {
    let (mut is_commented, mut listing) = (false, String::new());
    for line in kotlin_of_ours(source).lines() {
        let (indent, own) = (if line.starts_with(' ') { "    " } else { "" }, line.trim_start());
        if own.starts_with(['*', '/']) {
            is_commented |= own.contains("*/");
            continue;
        }
        let own = own.strip_prefix("@Throws(PortwardException::class)").map_or(own, str::trim_start);
        if own.is_empty() || own.starts_with('@') {
            continue;
        }
        let is_entry = !indent.is_empty()
            && own.ends_with([',', ';'])
            && own.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'_' | b',' | b';'));
        let is_plain = !INNER.iter().any(|word| own.contains(word));
        if is_plain && (is_entry || KOTLIN.iter().any(|word| own.starts_with(word))) {
            let said = if is_commented { "" } else { "  (without KDoc)" };
            listing.extend([indent, own.trim_end_matches(['{', '(', ',', ';', ' ', ':']), said, "\n"]);
        }
        is_commented = false;
    }
    listing
}

/// Words in backticks that only Rust says so; codes are written like that everywhere.
pub(super) fn names_of_rust<'a>(source: &'a str, codes: &str) -> Vec<&'a str> {
    let is_comment = |line: &&str| ["*", "/**"].iter().any(|begin| line.trim_start().starts_with(begin));
    let comments = kotlin_of_ours(source).lines().filter(is_comment);
    let words = comments.flat_map(|line| line.split('`').skip(1).step_by(2));
    let is_snake = |word: &&str| word.contains('_') && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    let is_code = |word: &str| codes.lines().any(|line| line.split(' ').next() == Some(word));
    words.filter(is_snake).filter(|word| !is_code(word)).collect()
}

/// From the comment of our first interface on.
fn kotlin_of_ours(source: &str) -> &str {
    let begun = source.find(KOTLIN_BEGIN).and_then(|at| source.get(..at)?.rfind("/**"));
    begun.and_then(|at| source.get(at..)).unwrap_or(source)
}

/// The first of ours.
const KOTLIN_BEGIN: &str = "Interface {";
const KOTLIN: [&str; 13] = [
    "public interface ",
    "public fun interface ",
    "open class ",
    "data class ",
    "sealed class ",
    "enum class ",
    "class ",
    "fun `",
    "suspend fun `",
    "constructor(`",
    "val `",
    "abstract val `",
    "override val `",
];

const BEGIN: &str = "// Public interface members begin here.";
const END: &str = "private enum InitializationResult";
const DECLARED: [&str; 7] = ["public ", "open ", "enum ", "extension ", "    public ", "    case ", "    func "];
const INNER: [&str; 8] = [
    "FfiConverter",
    "uniffi",
    "Uniffi",
    "static func lift",
    "static func lower",
    "static func read",
    "static func write",
    "RustBuffer",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surface_is_what_is_public_and_not_uniffis_own() {
        let source = "\
public func of_uniffi() {
// Public interface members begin here.
public func narrow(link: String) throws -> String  {
public struct FfiConverterTypePeeked: FfiConverterRustBuffer {
    public static func lift(_ handle: UInt64) throws -> Vault {
open class Vault: VaultProtocol, @unchecked Sendable {
    public init(
        /**
         * Whose (of all).
         */tenant: String, 
        /**
         * Which.
         */id: UInt64) {
        self.id = id
    }
}
extension Vault: Sendable {}
public 
enum TokenKind {
    case link
    case session(
        id: UInt64
    )
        case 1: return .link
    private let handle: UInt64
private enum InitializationResult {
    case ok
";
        let expected = "\
public func narrow(link: String) throws -> String
open class Vault: VaultProtocol, @unchecked Sendable
    public init(tenant: String, id: UInt64)
extension Vault: Sendable {}
public enum TokenKind
    case link
    case session(id: UInt64)
";
        assert_eq!(of_swift(source), expected);
    }

    const KOTLIN_SOURCE: &str = "\
class ForeignBytes : Structure() {
    fun lift(value: Int): String
/**
 * A vault, `key_name` and `bad_code`.
 */
public interface VaultInterface {
    /**
     * Reads.
     */
    suspend fun `read`(`from`: kotlin.ULong): kotlin.ByteArray
    companion object
/** A vault. */
open class Vault: Disposable, AutoCloseable, VaultInterface
    constructor(noHandle: NoHandle) {
    /**
     * New.
     */
    constructor(`portal`: kotlin.String) :
    /**
     * Seals.
     */
    @Throws(PortwardException::class)override fun `seal`(`of`: ObjectName): kotlin.ByteArray {
    /**
     * Makes.
     */
    @Throws(PortwardException::class)
    @Suppress(\"UNUSED\")
     suspend fun `create`(`tenant`: kotlin.String) : Vault {
data class Peeked (
    /** A nonce. */
    val `nonce`: kotlin.String
    , 
    val uniffiIsDestroyed: Boolean get() = x
/** Which. */
enum class TokenKind {
    /** A link. */
    LINK,
    SESSION;
    /** A copy. */
    @Throws(PortwardException::class) fun `narrow`(`link`: kotlin.String): kotlin.String {
";

    #[test]
    fn of_kotlin_likewise() {
        let expected = "\
public interface VaultInterface
    suspend fun `read`(`from`: kotlin.ULong): kotlin.ByteArray
open class Vault: Disposable, AutoCloseable, VaultInterface
    constructor(`portal`: kotlin.String)
    suspend fun `create`(`tenant`: kotlin.String) : Vault
data class Peeked  (without KDoc)
    val `nonce`: kotlin.String
enum class TokenKind
    LINK
    SESSION  (without KDoc)
    fun `narrow`(`link`: kotlin.String): kotlin.String
";
        assert_eq!(of_kotlin(KOTLIN_SOURCE), expected);
    }

    #[test]
    fn a_name_of_rust_is_no_code() {
        assert_eq!(names_of_rust(KOTLIN_SOURCE, "bad_code Refused\n"), ["key_name"]);
    }
}
