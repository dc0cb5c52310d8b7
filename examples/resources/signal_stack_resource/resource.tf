variable "stack_id" {
  description = "The ROS stack whose wait condition is to be released. It is made elsewhere."
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

  # The signal is sent once. Only a change here, or of the arguments above,
  # sends it again, with a unique id and a client token of its own.
  triggers = {
    release = var.release
  }
}

# Created only after ROS has accepted the signal.
resource "terraform_data" "released" {
  input      = var.release
  depends_on = [signal_stack_resource.deployed]
}
