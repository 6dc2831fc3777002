"""scans.py: nmap, masscan, zmap and hping3 look for open ports."""
from evaluation import scenario
from field import ATTACKER, VICTIM


@scenario("nmap-sS-T4-1000", "scan-T2-T5", quick=True)
def nmap_syn(trial):
    field = trial.field()
    trial.serve_web(field.victim)
    trial.watch(field.victim)
    with trial.attack("port_scan", client=ATTACKER, server=VICTIM, techniques=("syn",)):
        field.attacker.tree("nmap", "-n", "-Pn", "-sS", "-T4", VICTIM)
    trial.judge()
