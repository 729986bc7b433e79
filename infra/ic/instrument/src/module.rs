//! The module as a whole: what is refused, and which sections are rebuilt.

use crate::barrier::{self, Barrier};
use crate::meter::Meter;
use crate::table;
use crate::width::Width;
use std::borrow::Cow;
use std::cell::Cell;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, MemorySection, Module, RawSection, TableSection, TypeSection, ValType,
};
use wasmparser::{ExternalKind, Parser, Payload, TypeRef, Validator, WasmFeatures};

const MAX_FUNCTIONS: u32 = 50_000;
const MAX_GLOBALS: u32 = 1_000;
const MAX_METHODS: usize = 1_000;
const MAX_NAMES: usize = 20_000;
/// Pages of 64 KiB that a module with 64-bit addresses may declare: 6 GiB.
const MAX_WIDE_PAGES: u64 = 98_304;
/// Names of exports and sections that the host looks for.
const OURS: &str = "ic ";
const HOOKS: [&str; 8] = [
    "canister_init",
    "canister_pre_upgrade",
    "canister_post_upgrade",
    "canister_inspect_message",
    "canister_heartbeat",
    "canister_global_timer",
    "canister_on_low_wasm_memory",
    "canister_start",
];

fn text<E: std::fmt::Display>(error: E) -> String {
    error.to_string()
}

/// Section ids in the order in which a module must have them.
const ORDER: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11, 0];

pub fn rewrite(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let features = WasmFeatures::WASM2 | WasmFeatures::EXTENDED_CONST | WasmFeatures::MEMORY64;
    Validator::new_with_features(features).validate_all(wasm).map_err(text)?;

    let mut raw: Vec<(u8, &[u8])> = Vec::new();
    let mut customs: Vec<(&str, &[u8])> = Vec::new();
    let mut params: Vec<(u32, bool)> = Vec::new(); // per type: parameters, and whether it is () -> ()
    let mut function_types: Vec<u32> = Vec::new(); // imported ones first
    let mut imported_functions = 0u32;
    let mut types = TypeSection::new();
    let mut functions = FunctionSection::new();
    let mut memory = MemorySection::new();
    let mut data = DataSection::new();
    let mut globals = GlobalSection::new();
    let mut mutable_globals: Vec<u32> = Vec::new();
    let mut global_count = 0u32;
    let mut exports = ExportSection::new();
    let mut methods = Vec::new();
    let (mut tables, mut memories) = (0u32, 0u32);
    let (mut width, mut table_width) = (Width::W32, Width::W32);
    let (mut table, mut elements) = (TableSection::new(), ElementSection::new());
    let mut start = None;
    let mut bodies = Vec::new();

    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(text)?;
        if let Some((id, range)) = payload.as_section() {
            if ![0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11].contains(&id) {
                raw.push((id, &wasm[range.start as usize..range.end as usize]));
            }
        }
        match payload {
            Payload::TypeSection(section) => {
                RoundtripReencoder.parse_type_section(&mut types, section.clone()).map_err(text)?;
                for ty in section.into_iter_err_on_gc_types() {
                    let ty = ty.map_err(text)?;
                    params.push((ty.params().len() as u32, ty.params().is_empty() && ty.results().is_empty()));
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(text)?;
                    match import.ty {
                        TypeRef::Func(ty) if import.module == "ic0" => {
                            function_types.push(ty);
                            imported_functions += 1;
                        }
                        _ => {
                            return Err(format!(
                                "Wasm module has an invalid import section: module '{}' field '{}'; a canister may \
                                 import only functions of ic0",
                                import.module, import.name
                            ))
                        }
                    }
                }
            }
            Payload::FunctionSection(section) => {
                if section.count() > MAX_FUNCTIONS {
                    return Err(format!(
                        "Wasm module defined {} functions which exceeds the maximum number allowed {MAX_FUNCTIONS}",
                        section.count()
                    ));
                }
                for ty in section {
                    let ty = ty.map_err(text)?;
                    functions.function(ty);
                    function_types.push(ty);
                }
            }
            Payload::TableSection(section) => {
                tables = section.count();
                (table, table_width) = table::table(section)?;
            }
            Payload::ElementSection(section) => elements = table::elements(section, table_width)?,
            Payload::MemorySection(section) => {
                memories = section.count();
                if memories > 1 {
                    return Err("Wasm module has more than one memory".into());
                }
                for ty in section {
                    let ty = ty.map_err(text)?;
                    if ty.memory64 {
                        width = Width::W64;
                        if ty.maximum.is_some_and(|pages| pages > MAX_WIDE_PAGES) {
                            return Err(format!(
                                "Wasm module's memory may grow to {} pages \
                 which exceeds the maximum number allowed {MAX_WIDE_PAGES}",
                                ty.maximum.unwrap_or(0)
                            ));
                        }
                    }
                    memory.memory(barrier::memory(ty)?);
                }
            }
            Payload::GlobalSection(section) => {
                if section.count() > MAX_GLOBALS {
                    return Err(format!(
                        "Wasm module defined {} globals which exceeds the maximum number allowed {MAX_GLOBALS}",
                        section.count()
                    ));
                }
                for global in section {
                    let global = global.map_err(text)?;
                    if global.ty.mutable {
                        mutable_globals.push(global_count);
                    }
                    global_count += 1;
                    RoundtripReencoder.parse_global(&mut globals, global).map_err(text)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(text)?;
                    if export.name.starts_with("canister_") || export.name.starts_with("canister ") {
                        let ty = match export.kind {
                            ExternalKind::Func => function_types[export.index as usize],
                            _ => return Err(format!("Wasm export '{}' must be a function", export.name)),
                        };
                        if !params[ty as usize].1 {
                            return Err(format!(
                                "Wasm export '{}' must have no parameters and no results",
                                export.name
                            ));
                        }
                        check_name(export.name, &mut methods)?;
                    }
                    if !export.name.starts_with(OURS) {
                        RoundtripReencoder.parse_export(&mut exports, export).map_err(text)?;
                    }
                }
            }
            Payload::DataSection(section) => {
                for segment in section {
                    barrier::segment(&mut data, segment.map_err(text)?, width)?;
                }
            }
            Payload::StartSection { func, .. } => start = Some(func),
            Payload::CodeSectionEntry(body) => bodies.push(body),
            Payload::CustomSection(section) => customs.push((section.name(), section.data())),
            _ => {}
        }
    }
    if methods.len() > MAX_METHODS || methods.iter().map(|name: &String| name.len()).sum::<usize>() > MAX_NAMES {
        return Err(format!(
            "Wasm module exports more than {MAX_METHODS} methods or more than {MAX_NAMES} characters of method names"
        ));
    }

    let counter = global_count;
    globals.global(GlobalType { val_type: ValType::I64, mutable: true, shared: false }, &ConstExpr::i64_const(0));
    exports.export("ic instructions", ExportKind::Global, counter);
    for index in &mutable_globals {
        exports.export(&format!("ic global {index}"), ExportKind::Global, *index);
    }
    if memories > 0 {
        exports.export("ic memory", ExportKind::Memory, 0);
    }
    for index in 0..tables {
        exports.export(&format!("ic table {index}"), ExportKind::Table, index);
    }
    if let Some(start) = start {
        exports.export("canister_start", ExportKind::Func, start);
    }

    let mut code = CodeSection::new();
    if table_width == Width::W64 && width == Width::W32 {
        return Err("Wasm module has a table with indices of 64 bits beside a memory with addresses of 32, \
                 which this host does not support"
            .into());
    }
    let barrier = Barrier { first: function_types.len() as u32, width, table: table_width };
    let meter = Meter { counter, barrier: &barrier, drops_data: Cell::new(false) };
    for (index, body) in bodies.iter().enumerate() {
        let ty = function_types[imported_functions as usize + index];
        code.raw(&meter.body(index, params[ty as usize].0, body)?);
    }
    if memories > 0 {
        barrier.add_functions(&mut types, params.len() as u32, &mut functions, &mut code);
    }
    customs.retain(|(name, _)| !name.starts_with(OURS));
    if meter.drops_data.get() {
        customs.push(("ic drops data", &[]));
    }

    let mut module = Module::new();
    for id in ORDER {
        match id {
            1 => {
                module.section(&types);
            }
            3 => {
                module.section(&functions);
            }
            4 if tables > 0 => {
                module.section(&table);
            }
            5 if memories > 0 => {
                module.section(&memory);
            }
            6 => {
                module.section(&globals);
            }
            7 => {
                module.section(&exports);
            }
            9 if !elements.is_empty() => {
                module.section(&elements);
            }
            10 if !code.is_empty() => {
                module.section(&code);
            }
            11 if !data.is_empty() => {
                module.section(&data);
            }
            0 => {
                for (name, data) in &customs {
                    module
                        .section(&wasm_encoder::CustomSection { name: Cow::Borrowed(name), data: Cow::Borrowed(data) });
                }
            }
            _ => {
                for (_, data) in raw.iter().filter(|(section, _)| *section == id) {
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(module.finish())
}

fn check_name(name: &str, methods: &mut Vec<String>) -> Result<(), String> {
    let method = ["canister_update ", "canister_query ", "canister_composite_query "]
        .iter()
        .find_map(|kind| name.strip_prefix(kind));
    match method {
        Some(method) if methods.iter().any(|other| other == method) => {
            Err(format!("Wasm module exports the method '{method}' twice"))
        }
        Some(method) => {
            methods.push(method.to_owned());
            Ok(())
        }
        None if HOOKS.contains(&name) && name != "canister_start" => Ok(()),
        None => Err(format!("Wasm module exports '{name}', which is not a method or hook of a canister")),
    }
}
