# For a module: tell the workflow whenever the price list has been changed.
action "signal_temporal_workflow" "prices" {
  config {
    workflow_id = var.order_id
    signal_name = "prices"
  }
}

resource "terraform_data" "prices" {
  input = var.order_id

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.signal_temporal_workflow.prices]
    }
  }
}
