//! The plot: warm calls over the size of the body, and the figures against their limits.

use crate::results::{Judged, Results};
use crate::svg::{Plane, line, picture, text};

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 380.0;

const PLANE: Plane = Plane {
    left: 70.0,
    right: 450.0,
    top: TOP,
    bottom: BOTTOM,
    bytes: 1..=6,
    milliseconds: -1..=2,
};
const TOP: f64 = 50.0;
const BOTTOM: f64 = 340.0;

/// Where the bars start, where their limit is, and where what is far over it ends.
const BARS: (f64, f64, f64) = (520.0, 760.0, 950.0);

pub fn svg(results: &Results) -> String {
    let title = "Warm calls by size of body, and figures against their limits";
    picture(
        WIDTH,
        HEIGHT,
        title,
        &(by_size(results) + &bars(&results.judged())),
    )
}

fn by_size(results: &Results) -> String {
    let points = results.by_size();
    let time: Vec<_> = points
        .iter()
        .map(|&(bytes, time, _)| (bytes, time))
        .collect();
    let cpu: Vec<_> = points.iter().map(|&(bytes, _, cpu)| (bytes, cpu)).collect();
    let mut plot = text(
        PLANE.left,
        24.0,
        "title",
        "start",
        "Warm call by size of the body",
    );
    plot += &PLANE.grid();
    plot += &PLANE.curve("a", 0, "time until the answer, p50", &time);
    plot += &PLANE.curve("b", 1, "CPU of the function", &cpu);
    if let Some(&largest) = time.last() {
        plot += &PLANE.even(2, "cost that grows with size alone", largest);
    }
    plot
}

fn bars(judged: &[Judged]) -> String {
    let (left, limit, right) = BARS;
    let mut plot = text(left, 24.0, "title", "start", "Figures against their limits");
    let room = (BOTTOM - TOP) / judged.len() as f64;
    for (index, judged) in judged.iter().enumerate() {
        let y = TOP + room * index as f64;
        let width = ((limit - left) * judged.figure / judged.limit).min(right - left);
        let class = if judged.is_within() { "ok" } else { "over" };
        let figure = format!("{:.2} of {:.2}{}", judged.figure, judged.limit, judged.unit);
        plot += &text(left, y + 11.0, "", "start", judged.name);
        plot += &text(right, y + 11.0, "soft", "end", &figure);
        plot += &format!(
            "<rect class=\"{class}\" x=\"{left}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"8\" rx=\"2\"/>\n",
            y + 16.0
        );
        plot += &line("limit", (limit, y + 14.0), (limit, y + 26.0));
    }
    plot + &text(limit, BOTTOM + 18.0, "soft", "middle", "limit")
}
