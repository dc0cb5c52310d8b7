# A gate. It waits for the order's workflow, and then until the order is
# shipped.
resource "signal_workflow_execution" "ship" {
  domain      = "orders"
  workflow_id = var.order_id
  signal_name = "ship"

  adopt_existing      = true # somebody may have sent it by hand
  wait_until_ready    = true
  wait_for_completion = true

  timeouts {
    create = "1h"
  }

  depends_on = [signal_workflow_execution.release]
}

# Created only after the run, or the last run that continues it, has
# completed.
resource "terraform_data" "shipped" {
  input      = signal_workflow_execution.ship.run_id
  depends_on = [signal_workflow_execution.ship]
}
