//! How wide a module's addresses are (WebAssembly: memory64), and the instructions for each.

use wasm_encoder::{Instruction, ValType};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Width {
    W32,
    W64,
}

impl Width {
    pub fn kind(self) -> ValType {
        if self == Self::W32 {
            ValType::I32
        } else {
            ValType::I64
        }
    }

    /// The greatest address.
    pub fn last(self) -> u64 {
        if self == Self::W32 {
            u32::MAX.into()
        } else {
            u64::MAX
        }
    }

    pub fn constant(self, value: u64) -> Instruction<'static> {
        if self == Self::W32 {
            Instruction::I32Const(value as u32 as i32)
        } else {
            Instruction::I64Const(value as i64)
        }
    }

    pub fn add(self) -> Instruction<'static> {
        if self == Self::W32 {
            Instruction::I32Add
        } else {
            Instruction::I64Add
        }
    }

    pub fn sub(self) -> Instruction<'static> {
        if self == Self::W32 {
            Instruction::I32Sub
        } else {
            Instruction::I64Sub
        }
    }

    /// Unsigned.
    pub fn shr(self) -> Instruction<'static> {
        if self == Self::W32 {
            Instruction::I32ShrU
        } else {
            Instruction::I64ShrU
        }
    }

    pub fn ne(self) -> Instruction<'static> {
        if self == Self::W32 {
            Instruction::I32Ne
        } else {
            Instruction::I64Ne
        }
    }

    /// Unsigned.
    pub fn ge(self) -> Instruction<'static> {
        if self == Self::W32 {
            Instruction::I32GeU
        } else {
            Instruction::I64GeU
        }
    }
}
