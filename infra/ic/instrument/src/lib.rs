//! Prepares a canister module for the host: validates it, exports what the host must see to roll a message
//! back, has it note which parts of its memory it writes, and meters it (IC spec: Canister module format, System API).
//!
//! C interface: `alloc(len)`, then `instrument(ptr, len)`, which returns the address of a result:
//! one status word (0 done, 1 refused), one length word, then the module or the reason in UTF-8.

mod barrier;
mod cost;
mod meter;
mod module;
mod notes;
mod table;
mod width;

/// Reserves `len` bytes for the input; the host writes the module there.
#[no_mangle]
pub extern "C" fn alloc(len: usize) -> *mut u8 {
    Vec::leak(vec![0u8; len]).as_mut_ptr()
}

/// # Safety
/// `ptr` and `len` come from `alloc`, whose bytes the host has filled.
#[no_mangle]
pub unsafe extern "C" fn instrument(ptr: *const u8, len: usize) -> *const u8 {
    let wasm = std::slice::from_raw_parts(ptr, len);
    let (status, payload) = match module::rewrite(wasm) {
        Ok(bytes) => (0u32, bytes),
        Err(why) => (1u32, why.into_bytes()),
    };
    let mut result = Vec::with_capacity(payload.len() + 8);
    result.extend_from_slice(&status.to_le_bytes());
    result.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    result.extend_from_slice(&payload);
    Vec::leak(result).as_ptr()
}
