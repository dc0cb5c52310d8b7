# All jobs of a group that an HTTP POST starts.
list "signal_http_trigger_job" "operations" {
  provider = signal

  config {
    group_id = 10
  }
}

# The jobs of a name in another group, with all that is known of them.
list "signal_http_trigger_job" "pause" {
  provider         = signal
  include_resource = true

  config {
    name     = "pause-before-release"
    group_id = 20
  }
}
