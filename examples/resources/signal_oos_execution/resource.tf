variable "execution_id" {
  description = "The OOS execution that waits for approval."
  type        = string
}

variable "release" {
  description = "What is released. Another release sends another signal."
  type        = string
}

resource "signal_oos_execution" "approve" {
  execution_id = var.execution_id
  notify_type  = "Approve"
  notify_note  = "Release ${var.release}"
  region       = "cn-hangzhou"

  # The signal is sent once. It is sent again if a trigger or one of the
  # arguments above changes.
  triggers = {
    release = var.release
  }
}

# Created only after OOS has accepted the approval.
resource "terraform_data" "released" {
  input      = var.release
  depends_on = [signal_oos_execution.approve]
}
