variable "order_id" {
  description = "The workflow id of the order that waits for its release."
  type        = string
}

# For an operator: terraform apply -invoke=action.signal_workflow_execution.release
action "signal_workflow_execution" "release" {
  config {
    domain              = "orders"
    workflow_id         = var.order_id
    signal_name         = "release"
    input               = "released by an operator"
    wait_for_completion = true
    timeout             = "1h"
  }
}
