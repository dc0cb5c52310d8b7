variable "order_id" {
  description = "The workflow id of the order that waits for its release."
  type        = string
}

variable "release" {
  description = "What has been deployed. Another release sends another signal."
  type        = string
}

resource "signal_temporal_workflow" "approve" {
  workflow_id = var.order_id
  signal_name = "approve"

  # The arguments of the workflow's signal handler.
  input = jsonencode([{ approved = true, release = var.release }])
}

# Created only after Temporal has accepted the signal.
resource "terraform_data" "approved" {
  input      = var.release
  depends_on = [signal_temporal_workflow.approve]
}
