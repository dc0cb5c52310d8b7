terraform import signal_automation_wait.deployed 11111111-1111-1111-1111-111111111111
