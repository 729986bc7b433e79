//! The store barrier: a module notes which 4 KiB of its memory it writes, so that the host commits or undoes a message by what
//! that message wrote, however large the heap is.
//!
//! The notes, a byte for each 4 KiB, lie in the same memory below everything the module has: each of its addresses is moved up
//! by `BASE`. For loads and stores that is an offset that costs nothing at run time; below `BASE` the module reaches nothing,
//! since addresses are unsigned.

use crate::meter::is_bulk;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, CodeSection, ConstExpr, DataSection, Function, FunctionSection, Instruction, MemArg, MemArgTarget, MemoryType, TypeSection, ValType};
use wasmparser::{Data, DataKind, Operator};

/// log2 of the bytes that share a note. `infra/ic/src/execution/instance.ts` has the same constants.
const GRAIN: i32 = 12;
/// Notes of 4 GiB, and one page: a store marks the 4 KiB where it begins and the next, for it may reach into them.
const BASE_PAGES: u32 = 17;
const BASE: u32 = BASE_PAGES << 16;
/// One page less than there are addresses: the very last address is never valid, whatever it is moved by.
const MOST_PAGES: u64 = 65_535;

const FROM_0: MemArg = MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

/// The functions that are added to a module.
pub struct Barrier {
    /// Index of `written`; that of `moved` is the next.
    pub first: u32,
}

/// Locals for what is on the stack while addresses are looked at.
pub struct Scratch {
    first: u32,
    kinds: Vec<ValType>,
}

impl Scratch {
    /// Appends what these operators need to a function's locals, of which there are `count`, parameters included.
    pub fn for_operators<'a>(operators: impl Iterator<Item = &'a Operator<'a>>, count: u32, locals: &mut Vec<(u32, ValType)>) -> Self {
        let mut kinds = Vec::new();
        for operator in operators {
            let needed = match stored(operator) {
                Some(kind) => vec![ValType::I32, kind],
                None if is_bulk(operator) => vec![ValType::I32, ValType::I32],
                None if matches!(operator, Operator::MemoryGrow { .. }) => vec![ValType::I32],
                None => continue,
            };
            if kinds.is_empty() {
                kinds.push(ValType::I32); // addresses have one of their own
            }
            if let Some(kind) = needed.get(1) {
                if !kinds[1..].contains(kind) {
                    kinds.push(*kind);
                }
            }
        }
        locals.extend(kinds.iter().map(|kind| (1, *kind)));
        Self { first: count, kinds }
    }

    /// An i32 for an address, or a length.
    pub fn address(&self) -> u32 {
        self.first
    }

    fn value(&self, kind: ValType) -> u32 {
        self.first + 1 + self.kinds[1..].iter().position(|one| *one == kind).expect("each kind that is stored has a local") as u32
    }
}

impl Barrier {
    /// Writes what stands for an operator that touches memory. Says no where the operator can stay as it is.
    pub fn rewrite(&self, function: &mut Function, operator: &Operator, scratch: &Scratch) -> Result<bool, String> {
        match operator {
            Operator::MemorySize { .. } => {
                function.instruction(&Instruction::MemorySize(0));
                function.instruction(&Instruction::I32Const(BASE_PAGES as i32));
                function.instruction(&Instruction::I32Sub);
            }
            Operator::MemoryGrow { .. } => grow(function, scratch.address()),
            _ if is_bulk(operator) => self.bulk(function, operator, scratch)?,
            _ => return moved(function, operator, scratch),
        }
        Ok(true)
    }

    /// On the stack: target, source or value, length.
    fn bulk(&self, function: &mut Function, operator: &Operator, scratch: &Scratch) -> Result<(), String> {
        let (length, middle) = (scratch.address(), scratch.value(ValType::I32));
        function.instruction(&Instruction::LocalSet(length));
        function.instruction(&Instruction::LocalSet(middle));
        function.instruction(&Instruction::LocalGet(length));
        function.instruction(&Instruction::Call(self.first));
        function.instruction(&Instruction::LocalGet(middle));
        if matches!(operator, Operator::MemoryCopy { .. }) {
            function.instruction(&Instruction::Call(self.first + 1));
        }
        function.instruction(&Instruction::LocalGet(length));
        function.instruction(&RoundtripReencoder.instruction(operator.clone()).map_err(|e| e.to_string())?);
        Ok(())
    }
}

/// Loads and stores; a store is noted first.
fn moved(function: &mut Function, operator: &Operator, scratch: &Scratch) -> Result<bool, String> {
    let mut mover = Mover { offset: None };
    let instruction = mover.instruction(operator.clone()).map_err(|e| e.to_string())?;
    let Some(offset) = mover.offset else { return Ok(false) };
    if let Some(kind) = stored(operator) {
        let (address, value) = (scratch.address(), scratch.value(kind));
        function.instruction(&Instruction::LocalSet(value));
        function.instruction(&Instruction::LocalTee(address));
        if offset != 0 {
            function.instruction(&Instruction::I32Const(offset as u32 as i32));
            function.instruction(&Instruction::I32Add); // beyond 4 GiB some note is made, and the store traps
        }
        function.instruction(&Instruction::I32Const(GRAIN));
        function.instruction(&Instruction::I32ShrU);
        function.instruction(&Instruction::I32Const(0x0101));
        function.instruction(&Instruction::I32Store16(FROM_0));
        function.instruction(&Instruction::LocalGet(address));
        function.instruction(&Instruction::LocalGet(value));
    }
    function.instruction(&instruction);
    Ok(true)
}

/// Re-encodes with offsets moved up by `BASE`, and remembers what the offset was.
struct Mover {
    offset: Option<u64>,
}

impl Reencode for Mover {
    type Error = std::convert::Infallible;

    fn mem_arg(&mut self, arg: wasmparser::MemArg) -> Result<MemArg, reencode::Error<Self::Error>> {
        self.offset = Some(arg.offset);
        let same = reencode::utils::mem_arg(self, arg)?;
        Ok(MemArg { offset: (arg.offset + u64::from(BASE)).min(u64::from(u32::MAX)), ..same }) // the last address is never valid
    }
}

fn grow(function: &mut Function, before: u32) {
    function.instruction(&Instruction::MemoryGrow(0));
    function.instruction(&Instruction::LocalTee(before));
    function.instruction(&Instruction::I32Const(BASE_PAGES as i32));
    function.instruction(&Instruction::I32Sub);
    function.instruction(&Instruction::I32Const(-1));
    function.instruction(&Instruction::LocalGet(before));
    function.instruction(&Instruction::I32Const(-1));
    function.instruction(&Instruction::I32Ne);
    function.instruction(&Instruction::Select);
}

/// Adds `written(address, length)` and `moved(address)`: both give the address moved up, and trap where it cannot be valid;
/// `written` notes the range.
pub fn add_functions(types: &mut TypeSection, known: u32, functions: &mut FunctionSection, code: &mut CodeSection) {
    types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I32]);
    functions.function(known);
    functions.function(known + 1);

    let mut written = Function::new([]);
    for part in [
        Instruction::LocalGet(0), Instruction::I64ExtendI32U, Instruction::LocalGet(1), Instruction::I64ExtendI32U, Instruction::I64Add,
        Instruction::MemorySize(0), Instruction::I64ExtendI32U, Instruction::I64Const(16), Instruction::I64Shl, Instruction::I64Const(i64::from(BASE)), Instruction::I64Sub,
        Instruction::I64GtU,
    ] {
        written.instruction(&part);
    }
    trap_if(&mut written);
    for part in [
        Instruction::LocalGet(1), Instruction::If(BlockType::Empty),
        Instruction::LocalGet(0), Instruction::I32Const(GRAIN), Instruction::I32ShrU,
        Instruction::I32Const(1),
        Instruction::LocalGet(0), Instruction::LocalGet(1), Instruction::I32Add, Instruction::I32Const(1), Instruction::I32Sub, Instruction::I32Const(GRAIN), Instruction::I32ShrU,
        Instruction::LocalGet(0), Instruction::I32Const(GRAIN), Instruction::I32ShrU, Instruction::I32Sub,
        Instruction::I32Const(1), Instruction::I32Add,
        Instruction::MemoryFill(0),
        Instruction::End,
        Instruction::LocalGet(0), Instruction::I32Const(BASE as i32), Instruction::I32Add, Instruction::End,
    ] {
        written.instruction(&part);
    }
    code.function(&written);

    let mut moved = Function::new([]);
    for part in [Instruction::LocalGet(0), Instruction::I32Const(0u32.wrapping_sub(BASE) as i32), Instruction::I32GeU] {
        moved.instruction(&part);
    }
    trap_if(&mut moved);
    for part in [Instruction::LocalGet(0), Instruction::I32Const(BASE as i32), Instruction::I32Add, Instruction::End] {
        moved.instruction(&part);
    }
    code.function(&moved);
}

/// With the engine's own trap for an address out of bounds.
fn trap_if(function: &mut Function) {
    function.instruction(&Instruction::If(BlockType::Empty));
    function.instruction(&Instruction::I32Const(-1));
    function.instruction(&Instruction::I32Load(FROM_0));
    function.instruction(&Instruction::Drop);
    function.instruction(&Instruction::End);
}

/// The memory with room for the notes.
pub fn memory(ty: wasmparser::MemoryType) -> Result<MemoryType, String> {
    let room = MOST_PAGES - u64::from(BASE_PAGES);
    if ty.initial > room {
        return Err(format!("Wasm module's memory begins with {} pages; this host has room for {room}", ty.initial));
    }
    let maximum = ty.maximum.unwrap_or(room).min(room) + u64::from(BASE_PAGES);
    Ok(MemoryType { minimum: ty.initial + u64::from(BASE_PAGES), maximum: Some(maximum), memory64: false, shared: false, page_size_log2: None })
}

/// A data segment, moved up if it has a place.
pub fn segment(section: &mut DataSection, data: Data) -> Result<(), String> {
    match data.kind {
        DataKind::Passive => section.passive(data.data.iter().copied()),
        DataKind::Active { memory_index, offset_expr } => {
            let moved = constant(offset_expr)?.checked_add(BASE).unwrap_or(u32::MAX);
            section.active(memory_index, &ConstExpr::i32_const(moved as i32), data.data.iter().copied())
        }
    };
    Ok(())
}

/// The value of a constant expression of a valid module without imported globals (WebAssembly core: constant expressions).
fn constant(expression: wasmparser::ConstExpr) -> Result<u32, String> {
    let mut stack = Vec::new();
    for operator in expression.get_operators_reader() {
        let operator = operator.map_err(|e| e.to_string())?;
        let mut pair = |act: fn(i32, i32) -> i32| {
            let (b, a) = (stack.pop().unwrap_or(0), stack.pop().unwrap_or(0));
            stack.push(act(a, b));
        };
        match operator {
            Operator::I32Const { value } => stack.push(value),
            Operator::I32Add => pair(i32::wrapping_add),
            Operator::I32Sub => pair(i32::wrapping_sub),
            Operator::I32Mul => pair(i32::wrapping_mul),
            Operator::End => {}
            _ => return Err("Wasm module places data at an address that is no constant".into()),
        }
    }
    Ok(stack.pop().unwrap_or(0) as u32)
}

/// What a store takes from the stack beside the address.
fn stored(operator: &Operator) -> Option<ValType> {
    use Operator::*;
    match operator {
        I32Store { .. } | I32Store8 { .. } | I32Store16 { .. } => Some(ValType::I32),
        I64Store { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. } => Some(ValType::I64),
        F32Store { .. } => Some(ValType::F32),
        F64Store { .. } => Some(ValType::F64),
        V128Store { .. } | V128Store8Lane { .. } | V128Store16Lane { .. } | V128Store32Lane { .. } | V128Store64Lane { .. } => Some(ValType::V128),
        _ => None,
    }
}
