//! Drawing: lines, texts, and a plane with logarithmic axes.

use std::ops::RangeInclusive;

/// Colours for a light and for a dark page.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:14px}\
    .soft{fill:#59636e}.grid{stroke:#d1d9e0}.limit{stroke:#1f2328;stroke-width:2}\
    .a{stroke:#0969da;fill:#0969da}.b{stroke:#9a6700;fill:#9a6700}.c{stroke:#1a7f37;fill:#1a7f37}\
    .d{stroke:#8250df;fill:#8250df}.e{stroke:#cf222e;fill:#cf222e}.even{stroke:#59636e;stroke-dasharray:2 4}\
    .ok{fill:#1a7f37}.over{fill:#cf222e}polyline{fill:none!important;stroke-width:2}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}\
    .limit{stroke:#f0f6fc}.a{stroke:#4493f8;fill:#4493f8}.b{stroke:#d29922;fill:#d29922}\
    .c{stroke:#3fb950;fill:#3fb950}.d{stroke:#ab7df8;fill:#ab7df8}.e{stroke:#f85149;fill:#f85149}\
    .even{stroke:#9198a1}.ok{fill:#3fb950}.over{fill:#f85149}}";

/// A whole picture.
pub fn picture(width: f64, height: f64, title: &str, content: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n{content}</svg>\n"
    )
}

pub fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> String {
    format!(
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>\n",
        from.0, from.1, to.0, to.1
    )
}

pub fn text(x: f64, y: f64, class: &str, anchor: &str, text: &str) -> String {
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n"
    )
}

/// Bytes across and milliseconds up, a decade as long as the next one.
pub struct Plane {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    /// Powers of ten.
    pub bytes: RangeInclusive<i32>,
    pub milliseconds: RangeInclusive<i32>,
}

impl Plane {
    /// The lines of all decades with their names.
    pub fn grid(&self) -> String {
        let mut grid = String::new();
        for power in self.bytes.clone() {
            let x = self.across(10_f64.powi(power));
            let name = match power {
                ..3 => format!("{} B", 10_u32.pow(power.unsigned_abs())),
                _ => format!("{} KB", 10_u32.pow(power.unsigned_abs() - 3)),
            };
            grid += &line("grid", (x, self.top), (x, self.bottom));
            grid += &text(x, self.bottom + 18.0, "soft", "middle", &name);
        }
        for power in self.milliseconds.clone() {
            let y = self.up(10_f64.powi(power));
            grid += &line("grid", (self.left, y), (self.right, y));
            grid += &text(
                self.left - 8.0,
                y + 4.0,
                "soft",
                "end",
                &format!("{} ms", 10_f64.powi(power)),
            );
        }
        grid
    }

    /// A curve through points of bytes and milliseconds, and its name in this row of the legend.
    pub fn curve(&self, class: &str, row: usize, name: &str, points: &[(f64, f64)]) -> String {
        let points: Vec<_> = points
            .iter()
            .map(|&(x, y)| (self.across(x), self.up(y)))
            .collect();
        let corners: Vec<_> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let mut curve = format!(
            "<polyline class=\"{class}\" points=\"{}\"/>\n",
            corners.join(" ")
        );
        for (x, y) in points {
            curve += &format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\n");
        }
        curve + &self.legend(class, row, name)
    }

    /// The line of a cost that grows with the size alone, through this point.
    pub fn even(&self, row: usize, name: &str, (bytes, milliseconds): (f64, f64)) -> String {
        let lowest = 10_f64.powi(*self.milliseconds.start());
        let smallest = 10_f64.powi(*self.bytes.start());
        let from = smallest.max(bytes * lowest / milliseconds);
        let start = (self.across(from), self.up(milliseconds * from / bytes));
        line("even", start, (self.across(bytes), self.up(milliseconds)))
            + &self.legend("even", row, name)
    }

    fn legend(&self, class: &str, row: usize, name: &str) -> String {
        let y = self.top + 18.0 + 18.0 * row as f64;
        line(
            class,
            (self.left + 12.0, y - 4.0),
            (self.left + 36.0, y - 4.0),
        ) + &text(self.left + 44.0, y, "", "start", name)
    }

    fn across(&self, bytes: f64) -> f64 {
        self.left + (self.right - self.left) * share(bytes, &self.bytes)
    }

    fn up(&self, milliseconds: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * share(milliseconds, &self.milliseconds)
    }
}

/// Where a value stands between two decades.
fn share(value: f64, decades: &RangeInclusive<i32>) -> f64 {
    let (from, to) = (f64::from(*decades.start()), f64::from(*decades.end()));
    ((value.log10() - from) / (to - from)).clamp(0.0, 1.0)
}
