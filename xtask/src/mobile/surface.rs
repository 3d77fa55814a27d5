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
    let is_plain = |line: &&str| !INNER.iter().any(|word| line.contains(word)) && !line.ends_with(':');
    let declarations = own.lines().filter(|line| DECLARED.iter().any(|word| line.starts_with(word)));
    declarations.filter(is_plain).map(|line| line.trim_end_matches(['{', ' ']).to_owned() + "\n").collect()
}

/// Also of what is written by hand, in which nothing is hidden.
pub(super) fn of_kotlin(source: &str) -> String {
    let begun =
        source.find(KOTLIN_BEGIN).and_then(|at| source.get(..at)?.rfind('\n').and_then(|line| source.get(line..)));
    let lines = begun.unwrap_or(source).lines().filter(|line| !INNER.iter().any(|word| line.contains(word)));
    let declared = lines.filter_map(|line| {
        let (indent, own) = (line.starts_with(' '), line.trim_start());
        let own = own.strip_prefix("@Throws(PortwardException::class)").map_or(own, str::trim_start);
        let is_entry = indent
            && own.ends_with([',', ';'])
            && own.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'_' | b',' | b';'));
        let is_declared = is_entry || KOTLIN.iter().any(|word| own.starts_with(word));
        let indent = if indent { "    " } else { "" };
        is_declared.then(|| format!("{indent}{}\n", own.trim_end_matches(['{', '(', ',', ';', ' ', ':'])))
    });
    declared.collect()
}

/// The first of ours.
const KOTLIN_BEGIN: &str = "Interface {";
const KOTLIN: [&str; 11] = [
    "public interface ",
    "open class ",
    "data class ",
    "sealed class ",
    "enum class ",
    "class ",
    "fun `",
    "suspend fun `",
    "constructor(`",
    "val `",
    "val PortwardException.",
];

const BEGIN: &str = "// Public interface members begin here.";
const END: &str = "private enum InitializationResult";
const DECLARED: [&str; 6] = ["public ", "open ", "enum ", "    public ", "    case ", "    func "];
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
    case link
        case 1: return .link
    private let handle: UInt64
private enum InitializationResult {
    case ok
";
        let expected = "public func narrow(link: String) throws -> String\nopen class Vault: VaultProtocol, @unchecked Sendable\n    case link\n";
        assert_eq!(of_swift(source), expected);
    }

    #[test]
    fn of_kotlin_likewise() {
        let source = "\
class ForeignBytes : Structure() {
    fun lift(value: Int): String
public interface VaultInterface {
    suspend fun `read`(`from`: kotlin.ULong): kotlin.ByteArray
    companion object
open class Vault: Disposable, AutoCloseable, VaultInterface
    constructor(noHandle: NoHandle) {
    constructor(`portal`: kotlin.String) :
    @Throws(PortwardException::class)override fun `seal`(`of`: ObjectName): kotlin.ByteArray {
     suspend fun `create`(`tenant`: kotlin.String) : Vault {
data class Peeked (
    val `nonce`: kotlin.String
    , 
    val uniffiIsDestroyed: Boolean get() = x
sealed class PortwardException: kotlin.Exception() {
    class Refused(
        val len = buf.getInt()
enum class TokenKind {
    LINK,
    SESSION;
    @Throws(PortwardException::class) fun `narrow`(`link`: kotlin.String): kotlin.String {
";
        let expected = "\
public interface VaultInterface
    suspend fun `read`(`from`: kotlin.ULong): kotlin.ByteArray
open class Vault: Disposable, AutoCloseable, VaultInterface
    constructor(`portal`: kotlin.String)
    suspend fun `create`(`tenant`: kotlin.String) : Vault
data class Peeked
    val `nonce`: kotlin.String
sealed class PortwardException: kotlin.Exception()
    class Refused
enum class TokenKind
    LINK
    SESSION
    fun `narrow`(`link`: kotlin.String): kotlin.String
";
        assert_eq!(of_kotlin(source), expected);
    }
}
