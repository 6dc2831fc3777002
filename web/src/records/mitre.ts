/*
 * mitre.ts: techniques of MITRE ATT&CK that findings name, and what each means in a
 * sentence.  Identifiers and names are those of src/record/mitre.c; a test compares them.
 */
export interface Technique {
	name: string;
	means: string;
}

export const TECHNIQUES: Record<string, Technique> = {
	"T1014": { name: "Rootkit", means: "Something on this machine hides what it does from the programs that would show it." },
	"T1021.005": { name: "Remote Services: VNC", means: "Somebody uses a remote desktop to work on a machine as if he sat there." },
	"T1036": { name: "Masquerading", means: "Something poses as what it is not, so that nobody looks twice." },
	"T1040": { name: "Network Sniffing", means: "Who is on the path can read what is said, passwords included." },
	"T1046": { name: "Network Service Discovery", means: "Somebody finds out which services there are, to choose one to attack." },
	"T1071": { name: "Application Layer Protocol", means: "A program that waits for orders hides them in an ordinary protocol." },
	"T1071.004": { name: "Application Layer Protocol: DNS", means: "Orders or data travel as DNS questions and answers, which most networks let through." },
	"T1078": { name: "Valid Accounts", means: "Somebody gets in with an account that exists, and looks like its owner." },
	"T1078.001": { name: "Valid Accounts: Default Accounts", means: "Somebody gets in with a name and password that a product came with." },
	"T1090": { name: "Proxy", means: "Traffic goes by way of another machine, so that its origin does not show." },
	"T1095": { name: "Non-Application Layer Protocol", means: "Orders or data travel in a protocol below the usual ones, such as ICMP." },
	"T1110": { name: "Brute Force", means: "Passwords are tried until one fits." },
	"T1110.001": { name: "Brute Force: Password Guessing", means: "Likely passwords are tried with an account until one fits." },
	"T1110.003": { name: "Brute Force: Password Spraying", means: "A few common passwords are tried with many accounts, so that none is locked." },
	"T1110.004": { name: "Brute Force: Credential Stuffing", means: "Names and passwords that were stolen elsewhere are tried here." },
	"T1190": { name: "Exploit Public-Facing Application", means: "A fault of a program that anybody can reach is used to get in." },
	"T1205": { name: "Traffic Signaling", means: "Packets of a certain shape tell something on this machine to open up." },
	"T1210": { name: "Exploitation of Remote Services", means: "A fault of a service is used to get from one machine to the next." },
	"T1498": { name: "Network Denial of Service", means: "So much traffic is sent that the network has no room for anybody else." },
	"T1498.001": { name: "Network Denial of Service: Direct Network Flood", means: "Packets are sent straight at the target until its network is full." },
	"T1498.002": { name: "Network Denial of Service: Reflection Amplification", means: "Servers elsewhere are asked in the target's name, and flood it with their larger answers." },
	"T1499": { name: "Endpoint Denial of Service", means: "A service is kept so busy that it has no time for its clients." },
	"T1499.001": { name: "Endpoint Denial of Service: OS Exhaustion Flood", means: "The operating system's own tables are filled, such as that of half-open connections." },
	"T1499.002": { name: "Endpoint Denial of Service: Service Exhaustion Flood", means: "A service is sent, or held open, more than it can serve." },
	"T1557": { name: "Adversary-in-the-Middle", means: "Somebody places himself between two sides, and reads or changes what they say." },
	"T1557.001": { name: "Adversary-in-the-Middle: LLMNR/NBT-NS Poisoning and SMB Relay", means: "Somebody answers for a name on the local network, and passes on who falls for it." },
	"T1566": { name: "Phishing", means: "A message leads people to give away a password, or to start a program." },
	"T1571": { name: "Non-Standard Port", means: "A protocol is spoken at a port that is not its own, where rules do not expect it." },
	"T1572": { name: "Protocol Tunneling", means: "Traffic is wrapped into another protocol, past rules that would stop it." },
	"T1590.002": { name: "Gather Victim Network Information: DNS", means: "Names of a network are asked for, to learn what there is." },
	"T1595": { name: "Active Scanning", means: "Somebody tries what can be reached from outside." },
	"T1595.001": { name: "Active Scanning: Scanning IP Blocks", means: "Addresses and ports are tried one after the other, to learn which answer." },
	"T1595.002": { name: "Active Scanning: Vulnerability Scanning", means: "Services are tried for faults that are known." },
};

/** Where ATT&CK itself describes it; nothing is asked of there unless the viewer follows it. */
export function mitreHref(id: string): string {
	return `https://attack.mitre.org/techniques/${id.replace(".", "/")}/`;
}
