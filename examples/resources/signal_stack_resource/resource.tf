variable "stack_id" {
  description = "The ROS stack whose wait condition is to be released. Something else creates it."
  type        = string
}

variable "release" {
  description = "What has been deployed. Another release sends another signal."
  type        = string
}

resource "signal_stack_resource" "deployed" {
  stack_id            = var.stack_id
  logical_resource_id = "Deployed"
  status              = "SUCCESS"
  region              = "cn-hangzhou"

  # The signal is sent once. It is sent again if a trigger or one of the
  # arguments above changes, with a new unique id and a new client token.
  triggers = {
    release = var.release
  }
}

# Created only after ROS has accepted the signal.
resource "terraform_data" "released" {
  input      = var.release
  depends_on = [signal_stack_resource.deployed]
}
