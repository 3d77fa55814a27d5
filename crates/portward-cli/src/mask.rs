//! Tokens and keys that stood on a command line, kept out of what is said about it.

/// The same text with each token and key cut after its prefix.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, prefix)) = next_secret(rest) {
        let (before, after) = rest.split_at(at.saturating_add(prefix.len()));
        masked.push_str(before);
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
        if rest.len() < after.len() {
            masked.push('…');
        }
    }
    masked + rest
}

fn next_secret(text: &str) -> Option<(usize, &'static str)> {
    PREFIXES.iter().filter_map(|prefix| text.find(prefix).map(|at| (at, *prefix))).min()
}

const PREFIXES: [&str; 3] = ["pwl_", "pws_", "pwk1_"];
