//! Numbers, both ways. JavaScript has looked at them before; what gets here is looked at once more.

use portward_bridge::Error;

use crate::error::invalid;

/// 2⁵³: up to here every whole number has its own value in JavaScript.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// A whole number that came.
pub(crate) fn whole(number: f64) -> Result<u64, Error> {
    if !(0.0..=WHOLE_MAX).contains(&number) || number.fract() != 0.0 {
        return Err(invalid("number_out_of_range", "a whole number from 0 to 2**53"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range, checked above")]
    let whole = number as u64;
    Ok(whole)
}

/// A whole number that came, in a smaller type.
pub(crate) fn small<T: TryFrom<u64>>(number: f64) -> Result<T, Error> {
    T::try_from(whole(number)?).map_err(|_| invalid("number_out_of_range", "the number is too large"))
}

/// The same of a number that may be absent.
pub(crate) fn maybe<T: TryFrom<u64>>(number: Option<f64>) -> Result<Option<T>, Error> {
    number.map(small).transpose()
}

/// Times and counts are far below 2⁵³; what is not, is shown as that.
pub(crate) fn number(value: u64) -> f64 {
    const LIMIT: u64 = 1 << 53;
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ is the most that is exact")]
    let number = value.min(LIMIT) as f64;
    number
}
