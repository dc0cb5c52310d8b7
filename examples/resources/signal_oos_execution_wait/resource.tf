variable "execution_id" {
  description = "The execution that goes on after two approvals, one after the other."
  type        = string
}

# With wait_for_completion the first one would wait for the other.
resource "signal_oos_execution" "build" {
  execution_id     = var.execution_id
  notify_type      = "Approve"
  task_name        = "build"
  wait_until_ready = true
}

resource "signal_oos_execution" "release" {
  execution_id     = var.execution_id
  notify_type      = "Approve"
  task_name        = "release"
  wait_until_ready = true
}

# One wait behind all of them. It sends nothing.
resource "signal_oos_execution_wait" "deployed" {
  execution_id = var.execution_id

  timeouts {
    create = "45m"
  }

  depends_on = [signal_oos_execution.build, signal_oos_execution.release]
}

output "deployed_version" {
  value = jsondecode(signal_oos_execution_wait.deployed.outputs).version
}
