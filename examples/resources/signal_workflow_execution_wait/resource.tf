variable "order" {
  description = "The workflow id of an order that waits for two signals."
  type        = string
}

# Two signals to one run: the first must not wait for its end.
resource "signal_workflow_execution" "approve" {
  domain      = "orders"
  workflow_id = var.order
  signal_name = "approve"

  wait_until_ready = true
}

resource "signal_workflow_execution" "ship" {
  domain      = "orders"
  workflow_id = var.order
  run_id      = signal_workflow_execution.approve.run_id
  signal_name = "ship"
}

# One wait behind both. It sends nothing. The run may have closed by now, so it is named.
resource "signal_workflow_execution_wait" "shipped" {
  domain      = "orders"
  workflow_id = var.order
  run_id      = signal_workflow_execution.approve.run_id

  depends_on = [signal_workflow_execution.ship]
}

output "order_status" {
  value = signal_workflow_execution_wait.shipped.target_status
}
