//! Python's pickle format (protocols 2 to 5), read as data.
//!
//! A pickle is a program for a small stack machine, and Python runs whatever function it names. This reader keeps to the
//! instructions that build data. A class or function may only be named if it is on the caller's list, and a call of it
//! becomes an [`Object`] that remembers the arguments: nothing is ever called. What the instructions mean is said in
//! CPython's `Lib/pickletools.py`.
//!
//! Containers live in one arena and refer to each other by index, so a list that holds itself, or a million nested ones,
//! costs neither recursion nor more memory than its instructions: [`MAX_STEPS`] bounds both.

mod machine;

use machine::Machine;

/// Instructions a pickle may have. A checkpoint needs about 40 for each tensor.
const MAX_STEPS: usize = 1 << 22;

/// Why a pickle was not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    /// The bytes end before the program does.
    #[error("the pickle is cut off at byte {0}")]
    Truncated(usize),
    /// A class or function that is not a tensor or a plain container.
    #[error(
        "refused: the file wants to use {0}, but only tensors and plain containers are read (a module's state_dict, say, but \
         not the module)"
    )]
    Refused(String),
    /// An instruction outside protocols 2 to 5, or one that only serves calls.
    #[error("refused: instruction {code:#04x} at byte {at} of the pickle is not one that builds plain data")]
    Instruction {
        /// The instruction's byte.
        code: u8,
        /// Where it stands.
        at: usize,
    },
    /// The program contradicts itself.
    #[error("the pickle is damaged at byte {at}: {what}")]
    Damaged {
        /// Where it was noticed.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// More instructions than any checkpoint needs.
    #[error("the pickle has more than {MAX_STEPS} instructions")]
    TooLong,
}

/// A value; containers are indices into their [`Pickle`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// A tuple, list or set.
    Sequence(usize),
    /// A dictionary.
    Map(usize),
    /// A class or function of the caller's list, by its dotted name.
    Global(&'static str),
    /// A call that was written down, not made.
    Object(usize),
    /// A reference out of the pickle (to a tensor's storage); the index is that of a sequence.
    Persistent(usize),
}

/// What a call would have been given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    /// Dotted name of the class or function.
    pub(super) class: &'static str,
    /// Index of the sequence of its arguments.
    pub(super) arguments: usize,
    /// What its `__setstate__` would have been given.
    pub(super) state: Option<Value<'a>>,
    /// Index of the map of items set on it (an ordered dictionary's content).
    pub(super) items: usize,
}

/// Everything a pickle builds.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    /// The result.
    pub(super) root: Value<'a>,
    /// Number of bytes read; another pickle may follow.
    pub(super) length: usize,
    sequences: Vec<Vec<Value<'a>>>,
    maps: Vec<Vec<(Value<'a>, Value<'a>)>>,
    objects: Vec<Object<'a>>,
    references: Vec<usize>,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle at the start of `bytes`; `allowed` are the dotted names it may use.
    pub(super) fn read(bytes: &'a [u8], allowed: &'static [&'static str]) -> Result<Self, PickleError> {
        Machine::new(bytes, allowed).run()
    }

    /// Elements of a tuple or list.
    pub(super) fn sequence(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match value {
            Value::Sequence(i) => Some(&self.sequences[i]),
            _ => None,
        }
    }

    /// What a persistent reference consists of.
    pub(super) fn persistent(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match value {
            Value::Persistent(i) => Some(&self.sequences[i]),
            _ => None,
        }
    }

    /// All persistent references of the pickle.
    pub(super) fn references(&self) -> impl Iterator<Item = &[Value<'a>]> {
        self.references.iter().map(|i| self.sequences[*i].as_slice())
    }

    /// Keys and values of a dictionary, ordered ones included.
    pub(super) fn map(&self, value: Value<'a>) -> Option<&[(Value<'a>, Value<'a>)]> {
        match value {
            Value::Map(i) => Some(&self.maps[i]),
            Value::Object(i) if self.objects[i].class == ORDERED_DICT => Some(&self.maps[self.objects[i].items]),
            _ => None,
        }
    }

    /// A recorded call with its arguments.
    pub(super) fn object(&self, value: Value<'a>) -> Option<(Object<'a>, &[Value<'a>])> {
        match value {
            Value::Object(i) => Some((self.objects[i], &self.sequences[self.objects[i].arguments])),
            _ => None,
        }
    }

    /// A sequence of integers `>= 0`, such as a shape.
    pub(super) fn sizes(&self, value: Value<'a>) -> Option<Vec<usize>> {
        let value = match self.object(value) {
            Some((Object { class: TORCH_SIZE, .. }, &[sizes])) => sizes,
            _ => value,
        };
        self.sequence(value)?.iter().map(|v| v.size()).collect()
    }
}

/// Python's dictionary that keeps its order; the only class whose items are read.
pub(super) const ORDERED_DICT: &str = "collections.OrderedDict";

/// PyTorch's name for a shape; a tuple of integers.
pub(super) const TORCH_SIZE: &str = "torch.Size";

impl<'a> Value<'a> {
    /// Text, also that of Python 2's byte strings.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// An integer `>= 0`.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Value::Int(i) => usize::try_from(i).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &[&str] = &[ORDERED_DICT, "builtins.bytes"];

    fn read(bytes: &[u8]) -> Result<Pickle<'_>, PickleError> {
        Pickle::read(bytes, ALLOWED)
    }

    #[test]
    fn plain_containers_are_read() {
        // {"a": [1, -2, True, None], "b": (1.5, b"x")}
        let bytes =
            b"\x80\x02}(X\x01\0\0\0a](K\x01J\xfe\xff\xff\xff\x88NeX\x01\0\0\0bG\x3f\xf8\0\0\0\0\0\0C\x01x\x86u.";
        let pickle = read(bytes).expect("a plain dictionary");
        let map = pickle.map(pickle.root).expect("a map");
        assert_eq!(map[0].0, Value::Text("a"));
        let list = pickle.sequence(map[0].1).expect("a list");
        assert_eq!(list, [Value::Int(1), Value::Int(-2), Value::Bool(true), Value::None]);
        let tuple = pickle.sequence(map[1].1).expect("a tuple");
        assert_eq!(tuple, [Value::Float(1.5), Value::Bytes(b"x")]);
        assert_eq!(pickle.length, bytes.len());
    }

    #[test]
    fn long_integers_keep_their_sign() {
        fn of(bytes: &[u8]) -> Result<Value<'_>, PickleError> {
            read(bytes).map(|p| p.root)
        }
        assert_eq!(of(b"\x8a\x00."), Ok(Value::Int(0)));
        assert_eq!(of(b"\x8a\x01\xff."), Ok(Value::Int(-1)));
        assert_eq!(of(b"\x8a\x02\xff\x00."), Ok(Value::Int(255)));
        assert!(of(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.").is_err());
    }

    #[test]
    fn an_ordered_dictionary_keeps_its_items_and_its_state() {
        let bytes = b"ccollections\nOrderedDict\n)RX\x01\0\0\0kK\x07s}X\x09\0\0\0_metadataNsb.";
        let pickle = read(bytes).expect("an ordered dictionary");
        assert_eq!(pickle.map(pickle.root), Some(&[(Value::Text("k"), Value::Int(7))][..]));
        assert!(pickle.object(pickle.root).expect("an object").0.state.is_some());
    }

    #[test]
    fn whatever_is_not_on_the_list_is_refused_by_name() {
        let refused = [
            (&b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R."[..], "os.system"),
            (b"\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R.", "posix.system"),
            (b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x01x\x85R.", "builtins.eval"),
            (b"\x80\x04\x8c\x08builtins\x8c\x04exec\x93\x8c\x01x\x85R.", "builtins.exec"),
            (b"\x80\x02c__builtin__\neval\nX\x01\0\0\0x\x85R.", "__builtin__.eval"),
            (b"\x80\x02ctorchvision.models.resnet\nResNet\n)\x81.", "torchvision.models.resnet.ResNet"),
            (b"(X\x02\0\0\0lsios\nsystem\n.", "os.system"),
            (b"(icollections\nOrderedDict\n.", "collections.OrderedDict"),
        ];
        for (bytes, name) in refused {
            assert_eq!(read(bytes).map(|_| ()), Err(PickleError::Refused(name.into())));
        }
    }

    #[test]
    fn only_listed_names_can_be_called() {
        for bytes in [&b"X\x04\0\0\0eval)R."[..], b"K\x01)R.", b"}})b.", b")]R.", b"cbuiltins\nbytes\nK\x01R."] {
            assert!(matches!(read(bytes), Err(PickleError::Damaged { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn text_protocol_extension_and_buffer_instructions_are_refused() {
        for code in [b'I', b'S', b'V', b'P', b'g', b'o', 0x82, 0x83, 0x84, 0x92, 0x97, 0x98, 0xff] {
            assert_eq!(read(&[code, 1, 1]).map(|_| ()), Err(PickleError::Instruction { code, at: 0 }));
        }
        assert!(read(b"\x80\x00.").is_err());
    }

    #[test]
    fn claimed_lengths_are_checked_against_the_bytes_there_are() {
        for bytes in [
            &b"B\xff\xff\xff\xff"[..],
            b"X\xff\xff\xff\x7fabc",
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x8b\xff\xff\xff\xff1",
            b"\x95\x01",
            b"cos",
        ] {
            assert_eq!(read(bytes).map(|_| ()), Err(PickleError::Truncated(bytes.len())));
        }
    }

    #[test]
    fn a_mark_guards_what_lies_below_it() {
        for bytes in [&b"K\x01(0t."[..], b"K\x01(\x85t.", b"K\x01(.", b"t.", b"\x85.", b"0."] {
            assert!(matches!(read(bytes), Err(PickleError::Damaged { .. })), "{bytes:?}");
        }
    }

    #[test]
    fn a_list_may_hold_itself_and_nesting_has_no_cost() {
        let pickle = read(b"]q\0h\0a.").expect("a list of itself");
        assert_eq!(pickle.sequence(pickle.root), Some(&[pickle.root][..]));
        let mut deep = vec![b']'; 1_000_000];
        deep.extend(vec![b'a'; 999_999]);
        deep.push(b'.');
        assert!(read(&deep).is_ok());
    }

    #[test]
    fn a_program_without_end_is_given_up() {
        let endless = vec![b'N'; MAX_STEPS + 1];
        assert_eq!(read(&endless).map(|_| ()), Err(PickleError::TooLong));
    }
}
