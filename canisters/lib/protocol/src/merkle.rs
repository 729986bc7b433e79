//! Merkle tree hash of RFC 6962 §2.1 over chunk hashes.

use crate::sha256;

/// leaf = SHA-256(00 ‖ hash), node = SHA-256(01 ‖ left ‖ right), split at the largest power of two below n; SHA-256("")
/// when empty.
pub fn root(hashes: &[[u8; 32]]) -> [u8; 32] {
    match hashes {
        [] => sha256(&[]),
        [only] => sha256(&[&[0], only]),
        _ => {
            let split = hashes.len().next_power_of_two() / 2;
            sha256(&[&[1], &root(&hashes[..split]), &root(&hashes[split..])])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_splits_at_the_largest_power_of_two_below_its_size() {
        let leaves: Vec<[u8; 32]> = (0..5).map(|n| [n; 32]).collect();
        let leaf = |n: usize| sha256(&[&[0], &leaves[n]]);
        let node = |l: [u8; 32], r: [u8; 32]| sha256(&[&[1], &l, &r]);
        let four = node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3)));
        assert_eq!(root(&leaves[..4]), four);
        assert_eq!(root(&leaves), node(four, leaf(4)));
        assert_eq!(root(&leaves[..3]), node(node(leaf(0), leaf(1)), leaf(2)));
    }
}
