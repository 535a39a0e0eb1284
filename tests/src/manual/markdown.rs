//! The part of Markdown that the documents use, as man(7).

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{escaped, line};

/// The body of a page: from the first paragraph on; the title is the page's own.
pub(super) fn page(document: &str) -> String {
    let mut writer = Writer::default();
    for event in Parser::new_ext(document, Options::ENABLE_TABLES) {
        writer.event(event);
    }
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// The text of the paragraph, heading or cell that is being read.
    text: String,
    /// The cells of the row that is being read, and the header of the table.
    cells: Vec<String>,
    header: Vec<String>,
    /// Numbers of the items of the lists around this place; none for a list without numbers.
    lists: Vec<Option<u64>>,
    in_code: bool,
    /// The first paragraph of an item follows its mark.
    after_mark: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code => {
                for text in text.lines() {
                    line(&mut self.out, &escaped(text));
                }
            }
            Event::Text(text) => self.text.push_str(&escaped(&text)),
            Event::Code(code) => {
                self.text.push_str("\\fB");
                self.text.push_str(&escaped(&code));
                self.text.push_str("\\fR");
            }
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Strong => self.text.push_str("\\fB"),
            Tag::Emphasis => self.text.push_str("\\fI"),
            Tag::CodeBlock(_) => {
                self.flush();
                self.out.push_str(".PP\n.RS 4\n.nf\n");
                self.in_code = true;
            }
            Tag::List(first) => {
                self.flush();
                self.lists.push(*first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "\\(bu".to_owned(),
                };
                self.out.push_str(&format!(".IP {mark} 4\n"));
                self.after_mark = true;
            }
            Tag::TableHead | Tag::TableRow => self.cells.clear(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong | TagEnd::Emphasis => self.text.push_str("\\fR"),
            TagEnd::Heading(level) => {
                let title = std::mem::take(&mut self.text);
                match level {
                    HeadingLevel::H1 => self.out.push_str(".SH DESCRIPTION\n"),
                    HeadingLevel::H2 => self.out.push_str(&format!(".SH {}\n", upper(&title))),
                    _ => self.out.push_str(&format!(".SS {title}\n")),
                }
            }
            TagEnd::Paragraph => {
                if self.after_mark {
                    self.after_mark = false;
                } else if self.lists.is_empty() {
                    self.out.push_str(".PP\n");
                } else {
                    self.out.push_str(".IP\n");
                }
                self.flush();
            }
            TagEnd::Item => {
                self.flush();
                self.after_mark = false;
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.out.push_str(".fi\n.RE\n");
            }
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.text)),
            TagEnd::TableHead => self.header = std::mem::take(&mut self.cells),
            TagEnd::TableRow => self.row(),
            _ => {}
        }
    }

    /// A row: the first cell is the tag, the others are the text; from the third on, their headers are said.
    fn row(&mut self) {
        let mut cells = std::mem::take(&mut self.cells).into_iter();
        self.out.push_str(".TP\n");
        line(&mut self.out, &cells.next().unwrap_or_default());
        for (index, cell) in cells.enumerate().filter(|(_, cell)| !cell.is_empty()) {
            match self.header.get(index + 1) {
                Some(header) if index > 0 && !header.is_empty() => {
                    self.out.push_str(".br\n");
                    line(&mut self.out, &format!("\\fI{header}\\fR: {cell}"));
                }
                _ => line(&mut self.out, &cell),
            }
        }
    }

    fn flush(&mut self) {
        for text in std::mem::take(&mut self.text).lines() {
            line(&mut self.out, text.trim());
        }
    }
}

/// Upper case, but for the names of glyphs.
fn upper(title: &str) -> String {
    let mut escape = 0;
    title
        .chars()
        .map(|c| {
            if c == '\\' {
                escape = 4;
            }
            escape = i32::max(escape - 1, 0);
            if escape > 0 {
                c
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect()
}
