variable "order_id" {
  description = "The workflow id of the order that waits for its release."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_temporal_workflow.release
action "signal_temporal_workflow" "release" {
  config {
    workflow_id         = var.order_id
    signal_name         = "release"
    input               = jsonencode(["released by an operator"])
    wait_for_completion = true
    timeout             = "1h"
  }
}
