//! The chart in `docs/`: time by size of the request body, with logarithmic axes.

use std::ops::Range;

use plotters::prelude::*;

use crate::{Failure, docs};

/// A name, and points of kilobytes and milliseconds.
pub type Curve = (&'static str, Vec<(f64, f64)>);

/// The first one is for the proportional cost.
const COLORS: [RGBColor; 6] = [
    RGBColor(150, 150, 150),
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];

/// Draws up to five curves, and a cost proportional to the size through the first curve's end.
pub fn draw(file: &str, title: &str, mut curves: Vec<Curve>) -> Result<(), Failure> {
    if let Some(&(kilobytes, time)) = curves[0].1.last() {
        let points = vec![(10.0, time * 10.0 / kilobytes), (kilobytes, time)];
        curves.insert(0, ("proportional to the size", points));
    }
    let points = || curves.iter().flat_map(|(_, points)| points);
    let kilobytes = decades(points().map(|point| point.0));
    let milliseconds = decades(points().map(|point| point.1));

    let path = docs::file(file);
    let area = SVGBackend::new(&path, (720, 420)).into_drawing_area();
    // Without a background, the text is unreadable on a dark page.
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .margin_right(30)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(kilobytes.log_scale(), milliseconds.log_scale())?;
    chart
        .configure_mesh()
        .label_style(("sans-serif", 14))
        .x_desc("KB of the request body")
        .x_label_formatter(&f64::to_string)
        .y_desc("milliseconds")
        .y_label_formatter(&f64::to_string)
        .draw()?;
    for ((name, points), color) in curves.into_iter().zip(COLORS) {
        let style = color.stroke_width(2);
        chart
            .draw_series(LineSeries::new(points, style).point_size(2))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 14))
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .draw()?;
    Ok(area.present()?)
}

/// The powers of ten around all values.
fn decades(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let smallest = values.clone().fold(f64::INFINITY, f64::min);
    let largest = values.fold(0.0, f64::max);
    // The chart labels only what is above the start.
    0.999 * 10_f64.powf(smallest.log10().floor())..10_f64.powf(largest.log10().ceil())
}
