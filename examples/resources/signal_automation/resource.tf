variable "automation_execution_id" {
  description = "The execution that waits in an aws:approve step."
  type        = string
}

variable "release" {
  description = "What is being released. Another release needs another approval."
  type        = string
}

resource "signal_automation" "approve" {
  automation_execution_id = var.automation_execution_id
  signal_type             = "Approve"

  payload = {
    Comment = ["Release ${var.release} approved by Terraform"]
  }

  # The signal is sent once. It is sent again if a trigger or one of the
  # arguments above changes.
  triggers = {
    release = var.release
  }
}

# Created only after the approval has been accepted.
resource "terraform_data" "released" {
  input      = var.release
  depends_on = [signal_automation.approve]
}
