//! DER as a tree that can be changed and written again, right or wrong.

/// One value: its tag, and what is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) tag: u8,
    pub(crate) inside: Inside,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Inside {
    Nodes(Vec<Node>),
    Bytes(Vec<u8>),
}

impl Node {
    pub(crate) fn nodes(tag: u8, nodes: Vec<Self>) -> Self {
        Self { tag, inside: Inside::Nodes(nodes) }
    }

    pub(crate) fn bytes(tag: u8, bytes: &[u8]) -> Self {
        Self { tag, inside: Inside::Bytes(bytes.to_vec()) }
    }

    /// One value from the start; gives its length too.
    pub(crate) fn read(bytes: &[u8]) -> (Self, usize) {
        let (length, head) = match bytes[1] {
            short @ 0..=0x7f => (usize::from(short), 2),
            long => {
                let count = usize::from(long & 0x7f);
                let length = bytes[2..2 + count].iter().fold(0, |v, b| v << 8 | usize::from(*b));
                (length, 2 + count)
            }
        };
        let content = &bytes[head..head + length];
        let inside = if bytes[0] & 0x20 == 0 {
            Inside::Bytes(content.to_vec())
        } else {
            let mut nodes = Vec::new();
            let mut at = 0;
            while at < content.len() {
                let (node, used) = Self::read(&content[at..]);
                nodes.push(node);
                at += used;
            }
            Inside::Nodes(nodes)
        };
        (Self { tag: bytes[0], inside }, head + length)
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let content = match &self.inside {
            Inside::Bytes(bytes) => bytes.clone(),
            Inside::Nodes(nodes) => nodes.iter().flat_map(Self::write).collect(),
        };
        let mut out = vec![self.tag];
        match content.len() {
            length @ 0..=0x7f => out.push(length as u8),
            length @ 0x80..=0xff => out.extend([0x81, length as u8]),
            length => out.extend([0x82, (length >> 8) as u8, length as u8]),
        }
        out.extend(content);
        out
    }

    /// What a constructed value holds.
    pub(crate) fn list(&mut self) -> &mut Vec<Self> {
        match &mut self.inside {
            Inside::Nodes(nodes) => nodes,
            Inside::Bytes(_) => panic!("a primitive value"),
        }
    }

    /// The value at a path of positions.
    pub(crate) fn at(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |node, index| &mut node.list()[*index])
    }

    pub(crate) fn content(&mut self) -> &mut Vec<u8> {
        match &mut self.inside {
            Inside::Bytes(bytes) => bytes,
            Inside::Nodes(_) => panic!("a constructed value"),
        }
    }
}
