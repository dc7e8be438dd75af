use domain::calls::CallDetails;
use leptos::prelude::*;

use crate::state::QueryState;

/// The call that is open, for the code of its content.
#[derive(Clone, Copy)]
pub(super) struct PanelCall {
    pub details: QueryState<CallDetails>,
    pub zone: Memo<String>,
}
