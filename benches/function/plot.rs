//! The plot: warm calls over the size of the body, and the figures against their limits.

use crate::results::{Judged, Results};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 400.0;

/// The left half's plane, and how many decades of bytes and of milliseconds it shows.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 450.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 340.0;
const BYTES: (f64, f64) = (1.5, 6.0);
const MILLISECONDS: (f64, f64) = (-1.0, 2.0);

/// The right half's bars.
const BARS: f64 = 520.0;
const BAR_LIMIT: f64 = 840.0;

/// Colours for a light and for a dark page.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:14px}\
    .soft{fill:#59636e}.grid{stroke:#d1d9e0}.limit{stroke:#1f2328;stroke-dasharray:4 3}\
    .time{stroke:#0969da;fill:#0969da}.cpu{stroke:#9a6700;fill:#9a6700}.even{stroke:#59636e;stroke-dasharray:2 4}\
    .ok{fill:#1a7f37}.over{fill:#cf222e}polyline{fill:none!important;stroke-width:2}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}\
    .limit{stroke:#f0f6fc}.time{stroke:#4493f8;fill:#4493f8}.cpu{stroke:#d29922;fill:#d29922}.even{stroke:#9198a1}\
    .ok{fill:#3fb950}.over{fill:#f85149}}";

pub fn svg(results: &Results) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\">\n<title>Warm calls by size of body, and figures against their limits\
         </title>\n<style>{STYLE}</style>\n{}{}</svg>\n",
        by_size(results),
        bars(&results.judged())
    )
}

fn by_size(results: &Results) -> String {
    let points = results.by_size();
    let mut plot = text(LEFT, 24.0, "title", "start", "Warm call by size of the body");
    for decade in 2..=6 {
        let x = across(10_f64.powi(decade));
        let name = ["100 B", "1 KB", "10 KB", "100 KB", "1 MB"][decade as usize - 2];
        plot += &line("grid", (x, TOP), (x, BOTTOM));
        plot += &text(x, BOTTOM + 18.0, "soft", "middle", name);
    }
    for decade in -1..=2 {
        let y = up(10_f64.powi(decade));
        plot += &line("grid", (LEFT, y), (RIGHT, y));
        plot += &text(LEFT - 8.0, y + 4.0, "soft", "end", &format!("{} ms", 10_f64.powi(decade)));
    }
    plot += &curve("time", points.iter().map(|&(bytes, time, _)| (bytes, time)));
    plot += &curve("cpu", points.iter().map(|&(bytes, _, cpu)| (bytes, cpu)));
    if let Some(&(bytes, time, _)) = points.last() {
        // The cost per byte of the largest body, for smaller ones.
        let even = |bytes_then: f64| (bytes_then, time * bytes_then / bytes);
        let (from, to) = (even(bytes * 0.1 / time), even(bytes));
        plot += &line("even", (across(from.0), up(from.1)), (across(to.0), up(to.1)));
    }
    for (index, (class, name)) in [
        ("time", "time until the answer, p50"),
        ("cpu", "CPU of the function"),
        ("even", "cost that grows with size alone"),
    ]
    .into_iter()
    .enumerate()
    {
        let y = TOP + 18.0 + 18.0 * index as f64;
        plot += &line(class, (LEFT + 12.0, y - 4.0), (LEFT + 36.0, y - 4.0));
        plot += &text(LEFT + 44.0, y, "", "start", name);
    }
    plot
}

fn bars(judged: &[Judged]) -> String {
    let mut plot = text(BARS, 24.0, "title", "start", "Figures against their limits");
    let room = (BOTTOM - TOP) / judged.len() as f64;
    for (index, judged) in judged.iter().enumerate() {
        let y = TOP + room * index as f64;
        // What is far over its limit ends at the picture's edge.
        let width = ((BAR_LIMIT - BARS) * judged.figure / judged.limit).min(WIDTH - BARS - 10.0);
        let class = if judged.is_within() { "ok" } else { "over" };
        plot += &text(BARS, y + 11.0, "", "start", judged.name);
        plot += &format!(
            "<rect class=\"{class}\" x=\"{BARS}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"8\" rx=\"2\"/>\n",
            y + 16.0
        );
        let figure = format!("{:.2} of {:.2}{}", judged.figure, judged.limit, judged.unit);
        plot += &text(WIDTH - 10.0, y + 11.0, "soft", "end", &figure);
    }
    plot += &line("limit", (BAR_LIMIT, TOP - 4.0), (BAR_LIMIT, BOTTOM));
    plot + &text(BAR_LIMIT, BOTTOM + 18.0, "soft", "middle", "limit")
}

fn curve(class: &str, points: impl Iterator<Item = (f64, f64)>) -> String {
    let points: Vec<_> = points.map(|(bytes, time)| (across(bytes), up(time))).collect();
    let corners: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let mut curve = format!("<polyline class=\"{class}\" points=\"{}\"/>\n", corners.join(" "));
    for (x, y) in points {
        curve += &format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>\n");
    }
    curve
}

fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> String {
    format!(
        "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>\n",
        from.0, from.1, to.0, to.1
    )
}

fn text(x: f64, y: f64, class: &str, anchor: &str, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

fn across(bytes: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * share(bytes, BYTES)
}

fn up(milliseconds: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * share(milliseconds, MILLISECONDS)
}

/// Where a value stands between two decades.
fn share(value: f64, (from, to): (f64, f64)) -> f64 {
    ((value.log10() - from) / (to - from)).clamp(0.0, 1.0)
}
