# A gate. It sends the signal when the workflow is running, and waits until
# the workflow has completed.
resource "signal_temporal_workflow" "ship" {
  depends_on = [signal_temporal_workflow.approve]

  workflow_id = var.order_id
  signal_name = "ship"

  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "45m"
  }
}

# Not created when the workflow fails, is canceled, terminated or timed out.
resource "terraform_data" "shipped" {
  input      = "shipped after ${signal_temporal_workflow.ship.target_status}"
  depends_on = [signal_temporal_workflow.ship]
}
