//! Reference implementation of decimal numbers: a whole number and a power of ten.

/// Sign, digits and power of ten: `-1.50e3` is `(true, "15", 2)`, zero is `(false, "", 0)`. Equal
/// numbers have equal values of this type.
pub type Decimal = (bool, String, i128);

/// Reads a JSON number.
pub fn read(number: &str) -> Decimal {
    let (negative, unsigned) = number
        .strip_prefix('-')
        .map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return (false, String::new(), 0);
    }
    // An exponent with more digits is as far out of range as this one.
    let out_of_range = if exponent.starts_with('-') {
        -i128::from(i64::MAX)
    } else {
        i128::from(i64::MAX)
    };
    let exponent = exponent.parse::<i64>().map_or(out_of_range, i128::from);
    let scale = exponent - fraction.len() as i128 + (digits.len() - significant.len()) as i128;
    (negative, significant.to_owned(), scale)
}

/// Whether DynamoDB can store the number exactly (`docs/API.md#metafield-values`).
pub fn can_be_stored(number: &str) -> bool {
    let (_, digits, scale) = read(number);
    let magnitude = scale + digits.len() as i128 - 1;
    digits.is_empty() || (digits.len() <= 38 && (-130..=125).contains(&magnitude))
}
