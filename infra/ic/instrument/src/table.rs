//! Tables with indices of 64 bits (WebAssembly: memory64), as Motoko's compiler makes them: V8 has none, so they become
//! tables with indices of 32 bits. An index that does not fit is out of bounds either way.

use crate::barrier::{constant, Scratch};
use crate::width::Width;
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{ConstExpr, ElementSection, Function, Instruction, TableSection};
use wasmparser::{ElementSectionReader, Operator, TableSectionReader};

/// Elements of a table (dfinity/ic `rs/embedders/src/wasmtime_embedder.rs`).
const MOST: u64 = 1_000_000;

/// The table, and how wide its indices were.
pub fn table(section: TableSectionReader) -> Result<(TableSection, Width), String> {
    let mut made = TableSection::new();
    let mut width = Width::W32;
    if section.count() > 1 {
        return Err("Wasm module has more than one table".into());
    }
    for table in section {
        let mut table = table.map_err(|e| e.to_string())?;
        if table.ty.initial > MOST {
            return Err(format!(
                "Wasm module's table has {} elements which exceeds the maximum number allowed {MOST}",
                table.ty.initial
            ));
        }
        if table.ty.table64 {
            width = Width::W64;
            table.ty.table64 = false;
            table.ty.maximum = table.ty.maximum.map(|most| most.min(MOST));
        }
        RoundtripReencoder.parse_table(&mut made, table).map_err(|e| e.to_string())?;
    }
    Ok((made, width))
}

/// The segments that fill it.
pub fn elements(section: ElementSectionReader, width: Width) -> Result<ElementSection, String> {
    let mut made = ElementSection::new();
    let mut narrower = Narrower { width };
    for element in section {
        narrower.parse_element(&mut made, element.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    Ok(made)
}

struct Narrower {
    width: Width,
}

impl Reencode for Narrower {
    type Error = std::convert::Infallible;

    fn const_expr(&mut self, expression: wasmparser::ConstExpr) -> Result<ConstExpr, reencode::Error<Self::Error>> {
        match constant(expression.clone(), self.width) {
            Ok(Some(place)) => Ok(ConstExpr::i32_const(place.min(u32::MAX.into()) as u32 as i32)),
            _ => RoundtripReencoder.const_expr(expression).map_err(|_| reencode::Error::InvalidConstExpr),
        }
    }
}

pub fn uses(operator: &Operator) -> bool {
    matches!(operator, Operator::CallIndirect { .. } | Operator::TableGet { .. } | Operator::TableSize { .. })
}

/// Writes such an operator for the narrower table.
pub fn rewrite(function: &mut Function, operator: &Operator, scratch: &Scratch) -> Result<(), String> {
    let instruction = RoundtripReencoder.instruction(operator.clone()).map_err(|e| e.to_string())?;
    if matches!(operator, Operator::TableSize { .. }) {
        function.instruction(&instruction);
        function.instruction(&Instruction::I64ExtendI32U);
        return Ok(());
    }
    for part in [
        Instruction::LocalTee(scratch.address()),
        Instruction::I32WrapI64,
        Instruction::I32Const(-1),
        Instruction::LocalGet(scratch.address()),
        Instruction::I64Const(u32::MAX.into()),
        Instruction::I64LeU,
        Instruction::Select,
        instruction,
    ] {
        function.instruction(&part);
    }
    Ok(())
}
