//! The stack machine of a pickle, reduced to the instructions that build data.

use std::collections::HashMap;

use super::{MAX_STEPS, ORDERED_DICT, Object, Pickle, PickleError, Value};

/// The stack machine in the middle of a program.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    allowed: &'static [&'static str],
    stack: Vec<Value<'a>>,
    /// Heights of the stack at the marks that are open.
    marks: Vec<usize>,
    memo: HashMap<u64, Value<'a>>,
    pickle: Pickle<'a>,
}

type Step<T = ()> = Result<T, PickleError>;

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8], allowed: &'static [&'static str]) -> Self {
        let pickle = Pickle {
            root: Value::None,
            length: 0,
            sequences: Vec::new(),
            maps: Vec::new(),
            objects: Vec::new(),
            references: Vec::new(),
        };
        Self { bytes, at: 0, allowed, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), pickle }
    }

    /// Runs the program to its end.
    pub(super) fn run(mut self) -> Step<Pickle<'a>> {
        for _ in 0..MAX_STEPS {
            let code = self.u8()?;
            if code == b'.' {
                self.pickle.root = self.pop()?;
                self.pickle.length = self.at;
                return Ok(self.pickle);
            }
            match self.literal(code)? {
                Some(value) => self.stack.push(value),
                None => self.step(code)?,
            }
        }
        Err(PickleError::TooLong)
    }

    /// The value of an instruction that pushes one and reads nothing but its own bytes.
    fn literal(&mut self, code: u8) -> Step<Option<Value<'a>>> {
        Ok(Some(match code {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(self.u8()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.array()?).into()),
            b'J' => Value::Int(i32::from_le_bytes(self.array()?).into()),
            0x8a => {
                let n = self.u8()?;
                self.long(n.into())?
            }
            0x8b => {
                let n = self.length::<4>()?;
                self.long(n)?
            }
            b'G' => Value::Float(f64::from_be_bytes(self.array()?)),
            0x8c => self.text::<1>()?,
            b'X' => self.text::<4>()?,
            0x8d => self.text::<8>()?,
            b'U' | b'C' => Value::Bytes(self.counted::<1>()?),
            b'T' | b'B' => Value::Bytes(self.counted::<4>()?),
            0x8e | 0x96 => Value::Bytes(self.counted::<8>()?),
            b']' | b')' | 0x8f => self.new_sequence(Vec::new()),
            b'}' => self.new_map(),
            _ => return Ok(None),
        }))
    }

    /// Any other instruction.
    fn step(&mut self, code: u8) -> Step {
        match code {
            0x80 => self.protocol(),
            0x95 => self.take(8).map(|_| ()),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.pop_to_mark().map(|_| ()),
            b'2' => self.top().map(|v| self.stack.push(v)),
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.memo_step(code),
            b't' | b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push_sequence(items);
                Ok(())
            }
            0x85..=0x87 => self.short_tuple(usize::from(code - 0x84)),
            b'a' => {
                let item = self.pop()?;
                self.extend(vec![item])
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.extend(items)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(vec![key, value])
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(items)
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                let map = self.new_map();
                self.stack.push(map);
                self.set_items(items)
            }
            b'c' | b'i' | 0x93 => self.global(code),
            b'R' | 0x81 => self.call(),
            b'b' => self.build(),
            b'Q' => self.persistent(),
            _ => Err(PickleError::Instruction { code, at: self.at - 1 }),
        }
    }

    fn protocol(&mut self) -> Step {
        match self.u8()? {
            2..=5 => Ok(()),
            _ => Err(self.damaged("its protocol is not one of 2 to 5")),
        }
    }

    /// Remembers the top of the stack, or pushes what was remembered.
    fn memo_step(&mut self, code: u8) -> Step {
        let key = match code {
            b'q' | b'h' => self.u8()?.into(),
            b'r' | b'j' => u32::from_le_bytes(self.array()?).into(),
            _ => self.memo.len() as u64,
        };
        if matches!(code, b'h' | b'j') {
            let value = *self.memo.get(&key).ok_or_else(|| self.damaged("it recalls what it did not remember"))?;
            self.stack.push(value);
        } else {
            let value = self.top()?;
            self.memo.insert(key, value);
        }
        Ok(())
    }

    fn short_tuple(&mut self, n: usize) -> Step {
        if self.stack.len() < self.floor() + n {
            return Err(self.damaged("the stack is too short"));
        }
        let items = self.stack.split_off(self.stack.len() - n);
        self.push_sequence(items);
        Ok(())
    }

    /// Appends to the list on top of the stack.
    fn extend(&mut self, items: Vec<Value<'a>>) -> Step {
        match self.top()? {
            Value::Sequence(i) => {
                self.pickle.sequences[i].extend(items);
                Ok(())
            }
            _ => Err(self.damaged("it appends to something that is no list")),
        }
    }

    /// Sets alternating keys and values on the dictionary on top of the stack.
    fn set_items(&mut self, items: Vec<Value<'a>>) -> Step {
        let map = match self.top()? {
            Value::Map(i) => i,
            Value::Object(i) if self.pickle.objects[i].class == ORDERED_DICT => self.pickle.objects[i].items,
            _ => return Err(self.damaged("it sets items of something that is no dictionary")),
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.damaged("a key has no value"));
        }
        self.pickle.maps[map].extend(pairs.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }

    /// Names a class or function: two lines, or two texts on the stack.
    fn global(&mut self, code: u8) -> Step {
        let (module, name) = if code == 0x93 {
            let (name, module) = (self.pop()?.text(), self.pop()?.text());
            module.zip(name).ok_or_else(|| self.damaged("a name is not text"))?
        } else {
            (self.line()?, self.line()?)
        };
        let dotted = format!("{module}.{name}");
        match self.allowed.iter().find(|a| **a == dotted) {
            Some(allowed) if code != b'i' => {
                self.stack.push(Value::Global(allowed));
                Ok(())
            }
            _ => Err(PickleError::Refused(dotted)),
        }
    }

    /// Writes down a call of the allowed class or function below its arguments.
    fn call(&mut self) -> Step {
        let (arguments, class) = (self.pop()?, self.pop()?);
        let (Value::Sequence(arguments), Value::Global(class)) = (arguments, class) else {
            return Err(self.damaged("it calls something that is no class or function"));
        };
        self.pickle.maps.push(Vec::new());
        let items = self.pickle.maps.len() - 1;
        self.pickle.objects.push(Object { class, arguments, state: None, items });
        self.stack.push(Value::Object(self.pickle.objects.len() - 1));
        Ok(())
    }

    /// Writes down the state of the object below it.
    fn build(&mut self) -> Step {
        let state = self.pop()?;
        match self.top()? {
            Value::Object(i) => {
                self.pickle.objects[i].state = Some(state);
                Ok(())
            }
            _ => Err(self.damaged("it sets the state of something that is no object")),
        }
    }

    fn persistent(&mut self) -> Step {
        match self.pop()? {
            Value::Sequence(i) => {
                self.pickle.references.push(i);
                self.stack.push(Value::Persistent(i));
                Ok(())
            }
            _ => Err(self.damaged("an outside reference is not a tuple")),
        }
    }

    /// Height of the stack below which the innermost open mark forbids to pop.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Step<Value<'a>> {
        if self.stack.len() <= self.floor() {
            return Err(self.damaged("the stack is too short"));
        }
        self.stack.last().copied().ok_or_else(|| self.damaged("the stack is empty"))
    }

    fn pop(&mut self) -> Step<Value<'a>> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn pop_to_mark(&mut self) -> Step<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or_else(|| self.damaged("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    fn new_sequence(&mut self, items: Vec<Value<'a>>) -> Value<'a> {
        self.pickle.sequences.push(items);
        Value::Sequence(self.pickle.sequences.len() - 1)
    }

    fn push_sequence(&mut self, items: Vec<Value<'a>>) {
        let sequence = self.new_sequence(items);
        self.stack.push(sequence);
    }

    fn new_map(&mut self) -> Value<'a> {
        self.pickle.maps.push(Vec::new());
        Value::Map(self.pickle.maps.len() - 1)
    }

    fn damaged(&self, what: &'static str) -> PickleError {
        PickleError::Damaged { at: self.at, what }
    }

    fn take(&mut self, n: usize) -> Step<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..n).ok_or(PickleError::Truncated(self.bytes.len()))?;
        self.at += n;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        Ok(self.take(N)?.try_into().expect("take returns N bytes"))
    }

    fn u8(&mut self) -> Step<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// An unsigned length of `N` bytes, at most 8.
    fn length<const N: usize>(&mut self) -> Step<usize> {
        let mut wide = [0; 8];
        wide[..N].copy_from_slice(&self.array::<N>()?);
        usize::try_from(u64::from_le_bytes(wide)).ok().ok_or(PickleError::Truncated(self.bytes.len()))
    }

    fn counted<const N: usize>(&mut self) -> Step<&'a [u8]> {
        let n = self.length::<N>()?;
        self.take(n)
    }

    fn text<const N: usize>(&mut self) -> Step<Value<'a>> {
        let bytes = self.counted::<N>()?;
        std::str::from_utf8(bytes).ok().map(Value::Text).ok_or_else(|| self.damaged("a text is not UTF-8"))
    }

    /// A little-endian two's complement integer of `n` bytes.
    fn long(&mut self, n: usize) -> Step<Value<'a>> {
        let bytes = self.take(n)?;
        if n > 8 {
            return Err(self.damaged("an integer has more than 64 bits"));
        }
        let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        wide[..n].copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(wide)))
    }

    fn line(&mut self) -> Step<&'a str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|b| *b == b'\n').ok_or(PickleError::Truncated(self.bytes.len()))?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).ok().ok_or_else(|| self.damaged("a name is not UTF-8"))
    }
}
