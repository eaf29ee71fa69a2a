//! Facts about editing drawn regions.

use proptest::prelude::*;

use super::outline::Point;
use super::*;
use crate::geometry::BBox;
use crate::roi::Outline;

const SIZE: Size = Size::new(100, 80);

fn editor() -> Editor {
    Editor::new(SIZE, Vec::new())
}

fn press(at: Point, tool: Tool) -> Input {
    Input::Press { at, reach: 3.0, tool }
}

fn drag(editor: &mut Editor, tool: Tool, from: Point, to: Point) {
    editor.take(press(from, tool));
    editor.take(Input::Move([(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0]));
    editor.take(Input::Release(to));
}

fn boxes(editor: &Editor) -> Vec<BBox> {
    editor.regions().iter().map(|r| outline::bounds(&r.outline)).collect()
}

/// One box, chosen.
fn with_box() -> Editor {
    let mut editor = editor();
    drag(&mut editor, Tool::Box, [10.0, 10.0], [30.0, 40.0]);
    editor
}

fn triangle() -> Editor {
    let mut editor = editor();
    for corner in [[10.0, 10.0], [50.0, 10.0], [10.0, 50.0]] {
        editor.take(press(corner, Tool::Polygon));
        editor.take(Input::Release(corner));
    }
    editor.take(Input::Finish);
    editor
}

fn ring(editor: &Editor, region: usize) -> Vec<Point> {
    outline::corners(&editor.regions()[region].outline)
}

#[test]
fn dragging_over_an_empty_place_draws_a_box_in_whatever_direction() {
    let mut editor = with_box();
    assert_eq!((boxes(&editor), editor.chosen()), (vec![BBox::new(10.0, 10.0, 30.0, 40.0)], Some(0)));
    assert_eq!(editor.take_unsaved().as_deref(), Some(editor.regions()));
    assert_eq!(editor.take_unsaved(), None);
    drag(&mut editor, Tool::Box, [90.0, 70.0], [60.0, 500.0]);
    assert_eq!(boxes(&editor)[1], BBox::new(60.0, 70.0, 90.0, 80.0), "it ends at the edge of the image");
}

#[test]
fn a_box_shows_while_it_is_drawn_and_is_not_to_be_saved_yet() {
    let mut editor = editor();
    editor.take(press([10.0, 10.0], Tool::Box));
    editor.take(Input::Move([20.0, 30.0]));
    assert_eq!((editor.regions().len(), editor.take_unsaved()), (1, None));
    editor.take(Input::Cancel);
    assert_eq!((editor.regions().len(), editor.can_undo()), (0, false));
    editor.take(Input::Release([20.0, 30.0]));
    assert_eq!(editor.regions().len(), 0);
}

#[test]
fn a_click_chooses_the_smallest_region_there_or_none() {
    let mut editor = editor();
    drag(&mut editor, Tool::Box, [0.0, 0.0], [90.0, 70.0]);
    editor.take(Input::Cancel);
    drag(&mut editor, Tool::Box, [20.0, 20.0], [40.0, 40.0]);
    editor.take(Input::Cancel);
    let mut click = |at| {
        drag(&mut editor, Tool::Box, at, at);
        editor.chosen()
    };
    assert_eq!([click([30.0, 30.0]), click([95.0, 75.0]), click([60.0, 60.0])], [Some(1), None, Some(0)]);
    assert_eq!(editor.regions().len(), 2);
}

#[test]
fn the_chosen_region_is_moved_by_its_inside_and_resized_by_its_handles() {
    let mut editor = with_box();
    drag(&mut editor, Tool::Box, [20.0, 20.0], [25.0, 22.0]);
    assert_eq!(boxes(&editor), [BBox::new(15.0, 12.0, 35.0, 42.0)]);
    drag(&mut editor, Tool::Polygon, [35.0, 42.0], [50.0, 50.0]);
    assert_eq!(boxes(&editor), [BBox::new(15.0, 12.0, 50.0, 50.0)]);
    drag(&mut editor, Tool::Select, [15.0, 31.0], [5.0, 70.0]);
    assert_eq!(boxes(&editor), [BBox::new(5.0, 12.0, 50.0, 50.0)], "a side moves on its own axis");
}

#[test]
fn a_box_that_is_pressed_flat_stays_as_it_was() {
    let mut editor = with_box();
    drag(&mut editor, Tool::Box, [30.0, 25.0], [10.2, 25.0]);
    assert_eq!(boxes(&editor), [BBox::new(10.0, 10.0, 30.0, 40.0)]);
}

#[test]
fn a_polygon_closes_at_its_first_corner_or_by_a_double_click_or_by_key() {
    for last in [[10.0, 11.0], [10.0, 50.0]] {
        let mut editor = editor();
        for corner in [[10.0, 10.0], [50.0, 10.0], [10.0, 50.0], last] {
            editor.take(press(corner, Tool::Polygon));
        }
        assert_eq!((ring(&editor, 0), editor.open_ring()), (ring(&triangle(), 0), None));
    }
}

#[test]
fn corners_of_an_open_polygon_are_taken_back_one_by_one() {
    let mut editor = editor();
    editor.take(press([10.0, 10.0], Tool::Polygon));
    editor.take(press([50.0, 10.0], Tool::Polygon));
    editor.take(Input::Move([60.0, 60.0]));
    assert_eq!(editor.open_ring(), Some(vec![[10.0, 10.0], [50.0, 10.0], [60.0, 60.0]]));
    editor.take(Input::Delete);
    assert_eq!(editor.open_ring(), Some(vec![[10.0, 10.0], [60.0, 60.0]]));
    editor.take(Input::Delete);
    assert!(!editor.is_busy());
    editor.take(press([10.0, 10.0], Tool::Polygon));
    editor.take(Input::Finish);
    assert_eq!(editor.regions(), [], "a line is no region");
}

#[test]
fn a_side_of_a_polygon_becomes_a_corner_and_corners_can_be_removed_down_to_three() {
    let mut editor = triangle();
    drag(&mut editor, Tool::Select, [30.0, 10.0], [30.0, 0.0]);
    assert_eq!(ring(&editor, 0), [[10.0, 10.0], [30.0, 0.0], [50.0, 10.0], [10.0, 50.0]]);
    assert_eq!(editor.corner(), Some(1));
    editor.take(Input::Delete);
    assert_eq!(ring(&editor, 0), ring(&triangle(), 0));
    editor.take(Input::Delete);
    assert_eq!(editor.regions(), [], "a triangle goes as a whole");
    editor.take(Input::Undo);
    editor.take(Input::Undo);
    editor.take(Input::Undo);
    assert_eq!(ring(&editor, 0), ring(&triangle(), 0));
}

#[test]
fn all_of_it_works_by_key() {
    let mut editor = editor();
    editor.take(Input::Add(DrawnRoi { outline: Outline::Box(BBox::new(10.0, 10.0, 30.0, 40.0)), name: "web".into() }));
    editor.take(Input::Nudge([5.0, 0.0]));
    editor.take(Input::NextCorner(-1));
    editor.take(Input::Nudge([-10.0, 0.0]));
    assert_eq!((boxes(&editor), editor.corner()), (vec![BBox::new(5.0, 10.0, 35.0, 40.0)], Some(3)));
    editor.take(Input::AddCorner);
    assert_eq!(ring(&editor, 0).len(), 4, "a polygon of the same corners");
    editor.take(Input::AddCorner);
    assert_eq!((ring(&editor, 0).len(), editor.corner()), (5, Some(4)));
    editor.take(Input::Rename("orb".into()));
    assert_eq!(editor.regions()[0].name, "orb");
    editor.take(Input::Cancel);
    editor.take(Input::Cancel);
    assert_eq!((editor.chosen(), editor.corner()), (None, None));
    editor.take(Input::NextRegion(1));
    editor.take(Input::Delete);
    assert_eq!((editor.regions().len(), editor.chosen()), (0, None));
}

#[test]
fn tab_goes_round_the_regions() {
    let mut editor = with_box();
    drag(&mut editor, Tool::Box, [50.0, 50.0], [60.0, 60.0]);
    let mut step = |by| {
        editor.take(Input::NextRegion(by));
        editor.chosen()
    };
    assert_eq!([step(1), step(1), step(-1), step(-1)], [Some(0), Some(1), Some(0), Some(1)]);
}

#[test]
fn steps_of_one_key_are_one_step_of_the_history() {
    let mut editor = with_box();
    for _ in 0..5 {
        editor.take(Input::Nudge([1.0, 0.0]));
    }
    editor.take(Input::Undo);
    assert_eq!(boxes(&editor), [BBox::new(10.0, 10.0, 30.0, 40.0)]);
    editor.take(Input::Redo);
    assert_eq!(boxes(&editor), [BBox::new(15.0, 10.0, 35.0, 40.0)]);
    assert!(!editor.can_redo());
}

#[test]
fn a_change_after_an_undo_ends_what_could_be_repeated() {
    let mut editor = with_box();
    editor.take(Input::Undo);
    assert!(editor.can_redo());
    drag(&mut editor, Tool::Box, [50.0, 50.0], [60.0, 60.0]);
    assert!(!editor.can_redo());
}

fn inputs() -> impl Strategy<Value = Input> {
    let at = || (-20f32..120.0, -20f32..100.0).prop_map(|(x, y)| [x, y]);
    let tool = prop_oneof![Just(Tool::Box), Just(Tool::Polygon), Just(Tool::Select)];
    prop_oneof![
        4 => (at(), tool).prop_map(|(at, tool)| Input::Press { at, reach: 4.0, tool }),
        4 => at().prop_map(Input::Move),
        4 => at().prop_map(Input::Release),
        1 => Just(Input::Finish),
        1 => Just(Input::Cancel),
        1 => Just(Input::Delete),
        2 => at().prop_map(Input::Nudge),
        1 => (-2isize..3).prop_map(Input::NextRegion),
        1 => (-2isize..3).prop_map(Input::NextCorner),
        1 => Just(Input::AddCorner),
        1 => Just(Input::Rename("x".into())),
        1 => Just(Input::Undo),
        1 => Just(Input::Redo),
    ]
}

proptest! {
    #[test]
    fn whatever_is_done_regions_stay_inside_and_undoing_all_leads_back(inputs in prop::collection::vec(inputs(), 0..60)) {
        let mut editor = editor();
        let mut saved = Vec::new();
        for input in inputs {
            editor.take(input);
            if let Some(regions) = editor.take_unsaved() {
                saved = regions;
            }
            for b in boxes(&editor) {
                prop_assert!(b.x0 >= 0.0 && b.y0 >= 0.0 && b.x1 <= 100.0 && b.y1 <= 80.0, "{:?}", b);
            }
            prop_assert!(editor.chosen().is_none_or(|i| i < editor.regions().len()));
        }
        if editor.is_busy() {
            editor.take(Input::Cancel);
        }
        prop_assert_eq!(editor.regions(), &saved[..], "every change was to be saved");
        let last = saved.clone();
        while editor.can_undo() {
            editor.take(Input::Undo);
        }
        prop_assert_eq!(editor.regions(), &[][..]);
        while editor.can_redo() {
            editor.take(Input::Redo);
        }
        // What had been undone before may be repeated beyond.
        prop_assert!(last.is_empty() || editor.can_undo());
    }
}

#[test]
fn what_was_drawn_is_in_the_project_and_the_latest_wins() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("a.camroi");
    let mut store = Store::create(&file, dir.path())?;
    let sample = crate::dataset::Sample { path: "a.jpg".into(), label: None };
    store.list_samples(&[(sample, None)])?;
    let mut drawing = Drawing::default();
    let id = SampleId(1);
    drawing.open(id, SIZE, &[]);
    assert!(drawing.unsaved().is_none());
    for x in [10.0, 20.0] {
        drawing.take(
            id,
            Input::Add(DrawnRoi { outline: Outline::Box(BBox::new(x, 0.0, 50.0, 50.0)), name: String::new() }),
        );
    }
    drawing.unsaved().map(|outbox| outbox.post(&file)).transpose()?;
    assert_eq!(store.drawn(id)?, drawing.editor(id).map(|e| e.regions().to_vec()).unwrap_or_default());
    assert!(drawing.unsaved().is_none());
    Ok(())
}
