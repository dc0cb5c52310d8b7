variable "order" {
  description = "The workflow id of an order that waits for two signals."
  type        = string
}

# Two signals to one run: the first must not wait for its end.
resource "signal_temporal_workflow" "approve" {
  workflow_id = var.order
  signal_name = "approve"
}

resource "signal_temporal_workflow" "ship" {
  workflow_id = var.order
  signal_name = "ship"

  depends_on = [signal_temporal_workflow.approve]
}

# One wait behind both. It sends nothing.
resource "signal_temporal_workflow_wait" "shipped" {
  workflow_id = var.order

  depends_on = [signal_temporal_workflow.ship]
}

output "shipped" {
  value = jsondecode(signal_temporal_workflow_wait.shipped.outputs)
}
