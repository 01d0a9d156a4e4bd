//! Suggestions for unknown field names: rather none than a wrong one.

/// Fields, and their folded names in other systems.
const ALIASES: [(&str, &str); 15] = [
    ("address", "addresses"),
    ("address1", "addressline1 line1"),
    ("address1", "street street1 streetaddress"),
    ("address2", "addressline2 line2 street2"),
    ("code", "attributecode key"),
    ("country", "countrycode countryid"),
    ("email", "emailaddress mail"),
    ("firstName", "givenname"),
    ("isDefaultAddress", "isdefault"),
    ("lastName", "familyname surname"),
    ("metaFields", "customattributes customfields metadata"),
    ("notes", "comment comments"),
    ("phoneNumber", "mobile phone telephone"),
    ("state", "province provincecode region stateorprovince"),
    ("zipcode", "postalcode postcode zip"),
];

/// Names that are one typing error away from a field but mean something else: `state` and `status`.
const OTHER_FIELDS: [&str; 4] = ["county", "isb2c", "state", "states"];

/// Names that differ in such an ending are different fields: `address` and `addressId`, `updatedAt` and
/// `updatedBy`.
const ENDINGS: [&str; 2] = ["id", "by"];

/// The known name that an unknown one probably stands for: the same but for case and punctuation, a name
/// of the same field in other systems, or one that is at most two edits away.
pub(super) fn suggest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    const MAX_NAME_BYTES: usize = 32;
    if name.len() > MAX_NAME_BYTES {
        return None;
    }
    let folded = fold(name);
    let is_alias = |aliases: &str| aliases.split(' ').any(|alias| alias == folded);
    let mut fields = ALIASES.iter().filter(|(field, _)| known.contains(field));
    let field = fields.find(|(_, aliases)| is_alias(aliases));
    field.map_or_else(|| nearest(&folded, known), |&(field, _)| Some(field))
}

fn nearest(folded: &str, known: &[&'static str]) -> Option<&'static str> {
    const MAX_EDIT_DISTANCE: usize = 2;
    let kind = |name: &str| {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let ending = ENDINGS.into_iter().find(|ending| name.ends_with(ending));
        (digits, ending, name.chars().next())
    };
    let is_other = OTHER_FIELDS.contains(&folded);
    let similar = known.iter().filter(|known| {
        let known = fold(known);
        known == folded || (!is_other && kind(&known) == kind(folded))
    });
    let distances = similar.map(|&known| (strsim::osa_distance(folded, &fold(known)), known));
    let (distance, known) = distances.min()?;
    (distance <= MAX_EDIT_DISTANCE && distance < known.len() / 2).then_some(known)
}

/// Lower-cases the name and removes punctuation, spaces and invisible characters.
fn fold(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::rows;

    #[test]
    fn name_two_edits_away_or_in_another_case_is_suggested() {
        let known = "id firstName email code address address1 address2 zipcode country state company createdBy \
            updatedAt";
        let known: Vec<_> = known.split(' ').collect();
        let table = "
            emial → email
            e-mail → email
            FIRST_NAME → firstName
            fristname → firstName
            zip_code → zipcode
            adress → address
            adress2 → address2
            cod → code
            stat → state
            contry → country
            ID → id
            cretedBy → createdBy
            updated_at → updatedAt
            z_i_p_c_o_d_e___________________ → zipcode
        ";
        for (name, expected) in rows(table) {
            assert_eq!(suggest(name, &known), Some(expected), "{name}");
        }
        for name in "mode node cab coal z_i_p_c_o_d_e____________________ ".split(' ') {
            assert_eq!(suggest(name, &known), None, "{name}");
        }
        assert_eq!(suggest(&"e".repeat(100_000), &known), None);
    }

    #[test]
    fn name_of_another_field_gets_no_suggestion() {
        let known = "id address address1 address2 company country state phoneNumber createdAt createdBy updatedAt";
        let known: Vec<_> = known.split(' ').collect();
        let others = "addressId address_id ADDRESSID address3 address12 companyId state2 phoneNumber2 phone2 \
            line3 updatedBy createdById county";
        for name in others.split(' ') {
            assert_eq!(suggest(name, &known), None, "{name}");
        }
        for name in ["state", "State", "isB2C"] {
            assert_eq!(suggest(name, &["status", "isB2B"]), None, "{name}");
        }
        assert_eq!(suggest("_State", &known), Some("state"));
    }

    #[test]
    fn alias_is_suggested_where_its_field_exists() {
        let targets = ALIASES.map(|(field, _)| field);
        let aliases = ALIASES.iter();
        let aliases =
            aliases.flat_map(|&(field, names)| names.split(' ').map(move |name| (name, field)));
        for (alias, field) in aliases {
            assert_eq!(fold(alias), alias, "an alias is folded");
            assert_eq!(suggest(alias, &targets), Some(field), "{alias}");
            assert_eq!(suggest(alias, &[field]), Some(field), "{alias}");
            assert_eq!(suggest(&alias.to_uppercase(), &[field]), Some(field));
            assert_eq!(suggest(&format!("_{alias}-"), &[field]), Some(field));
            assert_eq!(suggest(alias, &["id"]), None, "{alias}");
        }
        for (name, field) in [
            ("postal_code", "zipcode"),
            ("countryCode", "country"),
            ("Country-Code", "country"),
            ("attribute_code", "code"),
            ("customFields", "metaFields"),
            ("custom_attributes", "metaFields"),
            ("meta_data", "metaFields"),
            ("\u{feff}email address", "email"),
            ("addressLine_2", "address2"),
            ("is_default", "isDefaultAddress"),
        ] {
            assert_eq!(suggest(name, &[field]), Some(field), "{name}");
        }
    }
}
