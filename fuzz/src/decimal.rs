//! A second reading of numbers, made another way than the function's: a whole number and a power of ten.

/// `-1.50e3` as (true, "15", 2). Equal numbers have equal readings; zero is (false, "", 0).
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
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return (false, String::new(), 0);
    }
    // An exponent of more digits than fit is as far out of reach as this one.
    let beyond = if exponent.starts_with('-') {
        -i128::from(i64::MAX)
    } else {
        i128::from(i64::MAX)
    };
    let exponent = exponent.parse::<i64>().map_or(beyond, i128::from);
    let scale = exponent - fraction.len() as i128 + (digits.len() - kept.len()) as i128;
    (negative, kept.to_owned(), scale)
}

/// Whether DynamoDB can hold the number digit for digit (contract, "Field rules").
pub fn can_be_stored(number: &str) -> bool {
    let (_, digits, scale) = read(number);
    let magnitude = scale + digits.len() as i128 - 1;
    digits.is_empty() || (digits.len() <= 38 && (-130..=125).contains(&magnitude))
}
