variable "stack_name" {
  description = "The CloudFormation stack whose hosts are to be reported as ready."
  type        = string
}

variable "instance_id" {
  description = "The instance that is ready. Another instance sends another signal."
  type        = string
}

resource "signal_cloudformation_resource" "host" {
  stack_name          = var.stack_name
  logical_resource_id = "Hosts"
  status              = "SUCCESS"

  # For EC2 instances and Auto Scaling groups this is the id of the
  # instance. Leave it out for other resources.
  unique_id      = var.instance_id
  adopt_existing = true # the instance may have reported itself with cfn-signal
}

# Created only after CloudFormation has accepted the signal.
resource "terraform_data" "registered" {
  input      = var.instance_id
  depends_on = [signal_cloudformation_resource.host]
}
