//! What a wallet shows before its owner signs (ICRC-21): the call in words, with every address and amount in full.

use crate::api::{Account, ApproveArgs, TransferArg, TransferFromArgs};
use crate::token::{token, Token};
use candid::{CandidType, Decode, Deserialize, Nat, Principal};
use serde_bytes::ByteBuf;

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub language: String,
    pub utc_offset_minutes: Option<i16>,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Display {
    GenericDisplay,
    FieldsDisplay,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct Preferences {
    pub metadata: Metadata,
    pub device_spec: Option<Display>,
}

#[derive(CandidType, Deserialize, Clone, Debug)]
pub struct ConsentRequest {
    pub method: String,
    pub arg: ByteBuf,
    pub user_preferences: Preferences,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    TokenAmount { decimals: u8, amount: u64, symbol: String },
    TimestampSeconds { amount: u64 },
    DurationSeconds { amount: u64 },
    Text { content: String },
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    pub intent: String,
    pub fields: Vec<(String, Shown)>,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ConsentMessage {
    GenericDisplayMessage(String),
    FieldsDisplayMessage(Fields),
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub consent_message: ConsentMessage,
    pub metadata: Metadata,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct ConsentErrorInfo {
    pub description: String,
}

#[derive(CandidType, Deserialize, Clone, Debug, PartialEq, Eq)]
pub enum ConsentError {
    UnsupportedCanisterCall(ConsentErrorInfo),
    ConsentMessageUnavailable(ConsentErrorInfo),
    InsufficientPayment(ConsentErrorInfo),
    GenericError { error_code: Nat, description: String },
}

/// The call in words, in English: there is no other language here.
pub fn message(caller: Principal, request: &ConsentRequest) -> Result<Consent, ConsentError> {
    let unreadable = |error: candid::Error| {
        let description = format!("The argument of {} cannot be read: {error}", request.method);
        ConsentError::ConsentMessageUnavailable(ConsentErrorInfo { description })
    };
    let token = token();
    let fields = match request.method.as_str() {
        "icrc1_transfer" => transfer(caller, Decode!(&request.arg, TransferArg).map_err(unreadable)?, &token),
        "icrc2_approve" => approve(caller, Decode!(&request.arg, ApproveArgs).map_err(unreadable)?, &token),
        "icrc2_transfer_from" => pull(caller, Decode!(&request.arg, TransferFromArgs).map_err(unreadable)?, &token),
        other => {
            let description = format!("The ledger has no words for a call of {}.", plain(other.as_bytes()));
            return Err(ConsentError::UnsupportedCanisterCall(ConsentErrorInfo { description }));
        }
    };
    let consent_message = match request.user_preferences.device_spec {
        Some(Display::FieldsDisplay) => ConsentMessage::FieldsDisplayMessage(fields),
        Some(Display::GenericDisplay) | None => ConsentMessage::GenericDisplayMessage(in_markdown(&fields, &token)),
    };
    let utc_offset_minutes = request.user_preferences.metadata.utc_offset_minutes;
    Ok(Consent { consent_message, metadata: Metadata { language: "en".into(), utc_offset_minutes } })
}

fn transfer(caller: Principal, arg: TransferArg, token: &Token) -> Fields {
    let from = Account::of(caller, arg.from_subaccount);
    let mut fields = Fields { intent: format!("Send {}", token.name), fields: vec![] };
    fields.account("From", &from);
    fields.account("To", &arg.to);
    fields.amount("Amount", arg.amount, token);
    fields.amount("Fee", arg.fee.unwrap_or(token.transfer_fee), token);
    fields.memo(&arg.memo);
    fields
}

fn approve(caller: Principal, args: ApproveArgs, token: &Token) -> Fields {
    let from = Account::of(caller, args.from_subaccount);
    let mut fields = Fields { intent: format!("Let another spend your {}", token.name), fields: vec![] };
    fields.account("From", &from);
    fields.account("Spender", &args.spender);
    fields.amount("At most, fees included", args.amount, token);
    if let Some(expected) = args.expected_allowance {
        fields.amount("In place of", expected, token);
    }
    match args.expires_at {
        Some(at) => fields.push("Until", Shown::TimestampSeconds { amount: at / 1_000_000_000 }),
        None => fields.text("Until", "it is changed".into()),
    }
    fields.amount("Fee", args.fee.unwrap_or(token.transfer_fee), token);
    fields.memo(&args.memo);
    fields
}

fn pull(caller: Principal, args: TransferFromArgs, token: &Token) -> Fields {
    let mut fields = Fields { intent: format!("Spend another's {}", token.name), fields: vec![] };
    fields.account("From", &args.from);
    fields.account("Spender", &Account::of(caller, args.spender_subaccount));
    fields.account("To", &args.to);
    fields.amount("Amount", args.amount, token);
    fields.amount("Fee", args.fee.unwrap_or(token.transfer_fee), token);
    fields.memo(&args.memo);
    fields
}

impl Fields {
    fn push(&mut self, name: &str, shown: Shown) {
        self.fields.push((name.to_owned(), shown));
    }

    fn text(&mut self, name: &str, content: String) {
        self.push(name, Shown::Text { content });
    }

    fn account(&mut self, name: &str, account: &Account) {
        self.text(name, account.in_words());
    }

    /// What does not fit the standard's 64 bits is shown as text, never cut.
    fn amount(&mut self, name: &str, amount: u128, token: &Token) {
        match u64::try_from(amount) {
            Ok(amount) => {
                let shown = Shown::TokenAmount { decimals: token.decimals, amount, symbol: token.symbol.clone() };
                self.push(name, shown)
            }
            Err(_) => self.text(name, format!("{} {}", in_units(amount, token.decimals), token.symbol)),
        }
    }

    fn memo(&mut self, memo: &Option<ByteBuf>) {
        if let Some(memo) = memo {
            self.text("Memo", plain(memo));
        }
    }
}

/// Strangers' bytes as text that is nothing but text: in hex, unless every character is harmless.
fn plain(bytes: &[u8]) -> String {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b" .,:/_-".contains(byte);
    match bytes.iter().all(harmless) {
        true => String::from_utf8_lossy(bytes).into_owned(),
        false => format!("0x{}", protocol::hex::encode(bytes)),
    }
}

fn in_markdown(fields: &Fields, token: &Token) -> String {
    let mut lines = vec![format!("# {}", fields.intent)];
    for (name, shown) in &fields.fields {
        let value = match shown {
            Shown::TokenAmount { decimals, amount, .. } => {
                format!("{} {}", in_units((*amount).into(), *decimals), token.symbol)
            }
            Shown::TimestampSeconds { amount } => pages::time(amount.saturating_mul(1_000_000_000)),
            Shown::DurationSeconds { amount } => format!("{amount} s"),
            Shown::Text { content } => content.clone(),
        };
        lines.push(format!("**{name}:** `{value}`"));
    }
    lines.join("\n\n")
}

/// 150000000 with 8 decimals: "1.5".
pub fn in_units(amount: u128, decimals: u8) -> String {
    let digits = format!("{amount:0>width$}", width = usize::from(decimals) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

impl Account {
    /// ICRC-1: Textual encoding of ICRC-1 accounts.
    pub fn in_words(&self) -> String {
        let subaccount = self.subaccount.as_ref().map_or(&[][..], |bytes| bytes);
        if subaccount.iter().all(|byte| *byte == 0) {
            return self.owner.to_text();
        }
        let checksum = crc32(&[self.owner.as_slice(), subaccount].concat()).to_be_bytes();
        let hex = protocol::hex::encode(subaccount);
        format!("{}-{}.{}", self.owner, base32(&checksum), hex.trim_start_matches('0'))
    }
}

/// CRC-32 of ISO 3309.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// RFC 4648 §6 in lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter = |five: &[u8]| {
        let value = (0..5).fold(0, |value, index| value << 1 | usize::from(*five.get(index).unwrap_or(&0)));
        char::from(LETTERS[value])
    };
    bits.chunks(5).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::tests::{ledger, to};
    use candid::Encode;

    fn ask(method: &str, arg: Vec<u8>, display: Option<Display>) -> Result<ConsentMessage, ConsentError> {
        let metadata = Metadata { language: "de".into(), utc_offset_minutes: None };
        let user_preferences = Preferences { metadata, device_spec: display };
        let request = ConsentRequest { method: method.into(), arg: ByteBuf::from(arg), user_preferences };
        message(Principal::from_slice(&[2; 29]), &request).map(|consent| consent.consent_message)
    }

    #[test]
    fn a_transfer_is_told_in_words_and_a_memo_cannot_add_any() {
        ledger();
        let forged = TransferArg { memo: Some(ByteBuf::from("` \n\n**To:** `me")), ..to(3, 150_000_000) };
        let Ok(ConsentMessage::GenericDisplayMessage(text)) = ask("icrc1_transfer", Encode!(&forged).unwrap(), None)
        else {
            panic!("words")
        };
        assert!(text.starts_with("# Send Live Pod\n\n**From:** `"), "{text}");
        assert!(text.contains("**Amount:** `1.5 POD`\n\n**Fee:** `0.0001 POD`\n\n**Memo:** `0x60"), "{text}");
        assert_eq!(text.matches("**To:**").count(), 1, "{text}");
    }

    #[test]
    fn fields_carry_amounts_exactly_however_large() {
        ledger();
        let arg = Encode!(&to(3, u128::from(u64::MAX) + 1)).unwrap();
        let Ok(ConsentMessage::FieldsDisplayMessage(fields)) = ask("icrc1_transfer", arg, Some(Display::FieldsDisplay))
        else {
            panic!("fields")
        };
        assert_eq!(fields.fields[2].1, Shown::Text { content: "184467440737.09551616 POD".into() });
        assert_eq!(fields.fields[3].1, Shown::TokenAmount { decimals: 8, amount: 10_000, symbol: "POD".into() });
    }

    #[test]
    fn other_calls_and_unreadable_arguments_have_no_words() {
        ledger();
        assert!(matches!(ask("get_blocks", vec![], None), Err(ConsentError::UnsupportedCanisterCall(_))));
        assert!(matches!(ask("icrc2_approve", vec![1], None), Err(ConsentError::ConsentMessageUnavailable(_))));
    }

    /// The vectors of ICRC-1's text.
    #[test]
    fn accounts_are_written_as_the_standard_writes_them() {
        let owner = Principal::from_text("k2t6j-2nvnp-4zjm3-25dtz-6xhaa-c7boj-5gayf-oj3xs-i43lp-teztq-6ae").unwrap();
        let of = |subaccount: [u8; 32]| Account::of(owner, Some(ByteBuf::from(subaccount))).in_words();
        assert_eq!(of([0; 32]), owner.to_text());
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(of(one), format!("{owner}-6cc627i.1"));
        let counted: [u8; 32] = std::array::from_fn(|index| index as u8 + 1);
        assert_eq!(
            of(counted),
            format!("{owner}-dfxgiyy.102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20")
        );
    }
}
