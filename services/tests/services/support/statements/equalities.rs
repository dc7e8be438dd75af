//! Classes of things that are equal.

/// A thing that may be equal to others.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Node(usize);

/// Classes of equal things (a union-find structure).
#[derive(Debug, Default)]
pub(super) struct Equalities(Vec<usize>);

impl Equalities {
    /// Adds a thing that equals no other.
    pub(super) fn add(&mut self) -> Node {
        self.0.push(self.0.len());
        Node(self.0.len() - 1)
    }

    pub(super) fn equate(&mut self, a: Node, b: Node) {
        let (a, b) = (self.representative(a), self.representative(b));
        self.0[a] = b;
    }

    pub(super) fn are_equal(&self, a: Node, b: Node) -> bool {
        self.representative(a) == self.representative(b)
    }

    fn representative(&self, Node(mut index): Node) -> usize {
        while self.0[index] != index {
            index = self.0[index];
        }
        index
    }
}
