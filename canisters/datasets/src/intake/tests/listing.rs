use super::stage::*;

#[test]
fn datasets_are_found_by_status_and_contributor_with_what_their_manifests_say() {
    canister();
    let (first, second) = (taken_in(1), taken_in(2));
    let find = |about: Option<DatasetsAbout>, before: Option<u64>| -> Vec<String> {
        let found = listing::newest(&FindDatasets { about, before, limit: 10 });
        found.into_iter().map(|line| line.dataset.id).collect()
    };
    assert_eq!(find(None, None), [second.id.clone(), first.id.clone()]);
    assert_eq!(find(None, Some(2)), std::slice::from_ref(&first.id));
    assert_eq!(find(Some(DatasetsAbout::Contributor(contributor(1))), None), std::slice::from_ref(&first.id));
    registry::decide(contributor(1), &first.id, Status::Accepted, None).unwrap();
    assert_eq!(find(Some(DatasetsAbout::Status(Status::Submitted)), None), std::slice::from_ref(&second.id));
    assert_eq!(find(Some(DatasetsAbout::Status(Status::Accepted)), None), std::slice::from_ref(&first.id));
    let facts = listing::describe(&first.id).unwrap().facts;
    let manifest = manifest(1);
    assert_eq!(facts.number, 1);
    assert_eq!(json!(facts.rate_milli_hz), manifest["schema"]["rateMilliHz"]);
    assert_eq!(json!(facts.milliseconds), manifest["statistics"]["milliseconds"]);
    let names: Vec<&str> = facts.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(json!(names), manifest["schema"]["labels"]);
    assert_eq!(json!(facts.labels[0].count), manifest["statistics"]["labels"][names[0]]);
}

#[test]
fn voters_read_what_a_manifest_says_and_what_was_checked() {
    canister();
    let dataset = taken_in(1);
    let facts = listing::describe(&dataset.id).unwrap().facts;
    let label = format!("{} {}", facts.labels[0].count, facts.labels[0].name);
    let words = registry::in_words(&dataset);
    for part in [&label, "Hz", "recordings", "signature", "bond"] {
        assert!(words.contains(part), "{part} is not in: {words}");
    }
    registry::decide(contributor(1), &dataset.id, Status::Rejected, Some(4)).unwrap();
    let page = listing::one_page(&dataset.id).unwrap();
    assert_eq!(page.value["validation"], json!(registry::checked(&dataset)));
    let entries = page.value["evidence"]["entriesOfTheAuditLog"].as_array().unwrap().clone();
    let kinds: Vec<String> = entries
        .iter()
        .map(|entry| audit::page(audit::AuditPage { start: entry.as_u64().unwrap(), length: 1 })[0].event.clone())
        .collect();
    assert!(kinds[0].contains("\"registered\"") && kinds[1].contains("\"rejected\""), "{kinds:?}");
    assert!(page.links.iter().any(|link| link.kind == "proposals"));
}

#[test]
fn another_datasets_folder_cannot_be_named_as_the_place_of_ones_own() {
    canister();
    let own = hex::encode(&protocol::dataset::uid(&contributor(1), &[0x11; 16]));
    let other = hex::encode(&protocol::dataset::uid(&contributor(2), &[0x11; 16]));
    let subject = |bucket: &str, prefix: String| {
        let mut value = manifest(1);
        value["salt"] = json!("11".repeat(16));
        value["storage"] = json!({"kind": "s3", "bucket": bucket, "prefix": prefix});
        let register = signed(&value, 1);
        manifest::check(&register.manifest, &register.signature, contributor(1)).err().map(|e| e.why().subject.clone())
    };
    assert_eq!(subject("livepod", format!("datasets/{own}/")), None);
    for prefix in
        [format!("datasets/{other}/"), format!("datasets/{own}"), "datasets/".into(), format!("/datasets/{own}/")]
    {
        assert_eq!(subject("livepod", prefix.clone()).as_deref(), Some("storage.prefix"), "{prefix}");
    }
    assert_eq!(subject("../livepod", format!("datasets/{own}/")).as_deref(), Some("storage.bucket"));
}

#[test]
fn folders_of_registered_datasets_are_claimed_whatever_they_are_called() {
    canister();
    let in_s3 = |n: u8, prefix: &str| {
        let register = signed(&manifest(n), n);
        let checked = manifest::check(&register.manifest, &register.signature, contributor(n)).unwrap();
        // As one that was registered while a folder could have any name.
        let dataset = Dataset {
            storage: Storage::S3(S3 { bucket: "livepod".into(), prefix: prefix.into() }),
            ..checked.dataset(7)
        };
        registry::add(
            &dataset,
            &checked.manifest,
            SignedManifest { manifest: register.manifest, signature: register.signature },
        );
        dataset.id
    };
    let first = in_s3(1, "datasets/aa/");
    in_s3(2, "datasets/bb/deeper");
    in_s3(3, "datasets/c");
    let ask = |bucket: &str, folders: &[&str]| {
        registry::unclaimed(Folders {
            bucket: bucket.into(),
            folders: folders.iter().map(|folder| folder.to_string()).collect(),
        })
    };
    assert_eq!(
        ask("livepod", &["datasets/aa/", "datasets/ab/", "datasets/bb/", "datasets/cc/", "datasets/dd/"]),
        ["datasets/ab/", "datasets/dd/"]
    );
    assert_eq!(ask("another", &["datasets/aa/"]), ["datasets/aa/"]);
    registry::decide(contributor(1), &first, Status::Withdrawn, None).unwrap();
    assert_eq!(ask("livepod", &["datasets/aa/"]), ["datasets/aa/"]);
}
