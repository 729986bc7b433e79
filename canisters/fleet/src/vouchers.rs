//! Who lets devices enrol: operators, by vouchers for a number of them, and manufacturers that voters named, each for
//! the devices that it has made, and for no more than voters allowed it. So no stranger fills the fleet.

use crate::api::{Error, Maker};
use crate::{memory, operators};
use candid::Principal;
use governed::why;
use ic_stable_structures::StableBTreeMap;
use protocol::operator::Token;
use protocol::voucher::{self, Voucher};
use std::cell::RefCell;
use stored::Memory;

const REMEDY: &str = "ask the fleet's operator for a voucher: livepod ops voucher";

thread_local! {
    /// When it expires and its hash → how many devices have enrolled by it.
    static SPENT: RefCell<StableBTreeMap<(u64, [u8; 32]), u32, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::VOUCHERS)));
    /// Manufacturers, and how many devices of each may be enrolled at a time.
    static MAKERS: RefCell<StableBTreeMap<Principal, u32, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::MAKERS)));
    /// How many enrolled devices somebody's vouchers stand for.
    static ISSUED: RefCell<StableBTreeMap<Principal, u32, Memory>> =
        RefCell::new(StableBTreeMap::init(memory::of(memory::ISSUED)));
}

/// Names manufacturers anew.
pub fn set_makers(makers: &[Maker]) {
    MAKERS.with_borrow_mut(|known| {
        known.clear_new();
        makers.iter().for_each(|maker| _ = known.insert(maker.principal, maker.pods));
    });
}

fn spent(voucher: &Voucher) -> u32 {
    SPENT.with_borrow(|spent| spent.get(&(voucher.expires, voucher.hash))).unwrap_or(0)
}

fn issued(issuer: &Principal) -> u32 {
    ISSUED.with_borrow(|issued| issued.get(issuer)).unwrap_or(0)
}

/// Whether an enrolled device stands for somebody's voucher.
pub fn vouches(issuer: &Principal) -> bool {
    issued(issuer) > 0
}

/// Whether a device may enrol by a voucher on a channel.
pub fn checked(token: Option<&Token>, pod: Principal, channel: &str) -> Result<Voucher, Error> {
    let refused = |subject: String, message: String| Error::NotAuthorized(why(subject, message, REMEDY));
    let Some(token) = token else {
        return Err(refused("voucher".into(), "a device enrols by a voucher, and there is none".into()));
    };
    let voucher = voucher::read(token, system::this_canister(), pod, system::now())
        .map_err(|error| refused(format!("voucher, {}", error.subject()), error.message().to_string()))?;
    let maker = MAKERS.with_borrow(|makers| makers.get(&voucher.issuer));
    let by_operator = operators::is_operator(&voucher.issuer);
    if !by_operator && maker.is_none() {
        let message = format!("{} is no operator or manufacturer of this fleet", voucher.issuer);
        return Err(refused("voucher, issuer".into(), message));
    }
    if voucher.channel != channel {
        return Err(refused("voucher, channel".into(), format!("it is for {}, not {channel}", voucher.channel)));
    }
    if spent(&voucher) >= voucher.pods {
        return Err(refused("voucher, pods".into(), format!("{} have enrolled by it", voucher.pods)));
    }
    match maker {
        _ if by_operator => {}
        Some(_) if !voucher.names_pod => {
            return Err(refused("voucher, pod".into(), "a manufacturer's names its device".into()));
        }
        Some(most) if issued(&voucher.issuer) >= most => {
            let message = format!("{most} devices of {} are enrolled, and no more may be", voucher.issuer);
            return Err(Error::LimitExceeded(why("voucher, issuer", message, "propose a higher number to the DAO")));
        }
        _ => {}
    }
    Ok(voucher)
}

/// A device has enrolled by it. Those that have expired are forgotten.
pub fn spend(voucher: &Voucher) {
    SPENT.with_borrow_mut(|spent| {
        while spent.first_key_value().is_some_and(|((expires, _), _)| expires <= system::now()) {
            spent.pop_first();
        }
        let key = (voucher.expires, voucher.hash);
        let before = spent.get(&key).unwrap_or(0);
        spent.insert(key, before + 1);
    });
    ISSUED.with_borrow_mut(|issued| {
        let before = issued.get(&voucher.issuer).unwrap_or(0);
        issued.insert(voucher.issuer, before + 1);
    });
}

/// A device that enrolled by somebody's voucher is not enrolled any more.
pub fn left(issuer: &Principal) {
    ISSUED.with_borrow_mut(|issued| match issued.get(issuer) {
        Some(many) if many > 1 => _ = issued.insert(*issuer, many - 1),
        _ => _ = issued.remove(issuer),
    });
}
